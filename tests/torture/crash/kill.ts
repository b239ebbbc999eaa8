// Where a process is killed, and in which run.

export type Role = "gateway" | "cloud" | "device"

/** What the databases hold when the cycle begins: they are made in it, or they know the day before. */
export type Start = "fresh" | "kept"

export type Kill =
  /** On entering a system call, which is then not made; counted from 1, thread by thread. */
  | { readonly at: "call"; readonly call: string; readonly index: number }
  | { readonly at: "time"; readonly afterMs: number }
  /** As soon as whoever sent to it holds its acknowledgement, counted from 1. */
  | { readonly at: "acknowledgement"; readonly index: number }

/** System calls that change a disk or speak to somebody. */
export const CALLS = [
  "write",
  "writev",
  "pwrite64",
  "pwritev",
  "fsync",
  "fdatasync",
  "sendto",
  "sendmsg",
  "sendmmsg",
  "unlink",
  "unlinkat",
] as const

export interface CrashCase {
  readonly role: Role
  readonly start: Start
  readonly kill: Kill
}

/** "gateway, kept databases, at fsync 3" */
export function describeCase({ role, start, kill }: CrashCase): string {
  return `${role}, ${start} databases, at ${kill.at === "time" ? `${kill.afterMs} ms` : describePoint(kill)}`
}

const describePoint = (kill: Exclude<Kill, { at: "time" }>): string =>
  `${kill.at === "call" ? kill.call : kill.at} ${kill.index}`
