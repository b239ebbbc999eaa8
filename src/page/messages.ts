// What the page's thread and the network's say to each other.

export type ToServer =
  /** Serves the network of this topology.yaml, which it reads itself. */
  | { readonly kind: "start"; readonly file: string }
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
