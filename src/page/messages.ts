// What the page's thread and the network's say to each other.
import type { Written } from "./in-force"

export interface Begun {
  /** topology.yaml, and what stood in it: the server follows the changes itself. */
  readonly file: string
  readonly topology: Written
  /** The spool or the store, or both, as far as this process writes them: without them nothing can be said. */
  readonly written: readonly string[]
}

export type ToServer =
  /** Serves a network that was started so. */
  | { readonly kind: "start"; readonly begun: Begun }
  /** A run has ended, or the topology is another one. */
  | { readonly kind: "changed" }
  /** What the gateway here has counted; undefined without one. */
  | { readonly kind: "counts"; readonly counts: Readonly<Record<string, number>> | undefined }

export type FromServer =
  | { readonly kind: "listening"; readonly url: string }
  /** It cannot be served, in one clear line. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Asks for the counts. */
  | { readonly kind: "counts" }
  /** A request could not be answered. */
  | { readonly kind: "problem"; readonly reason: string }
