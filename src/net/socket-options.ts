// Two options of a Linux UDP socket that Bun has no call for. Elsewhere, or where libc is not found, nothing changes.
import { dlopen } from "bun:ffi"

const SOL_SOCKET = 1
const SO_RCVBUF = 8
const IPPROTO_IP = 0
const IP_RECVERR = 11
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024 // a burst of 5,000 small datagrams; the kernel caps it at rmem_max

const openLibc = () =>
  dlopen("libc.so.6", { setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" } }).symbols

// the process's own, as the library is: opened with the first socket, it stays open; null where there is none
let libc: ReturnType<typeof openLibc> | undefined | null

/**
 * Gives the socket a receive buffer that holds a fleet's burst, and clears IP_RECVERR, which Bun sets: with it one
 * closed peer's ICMP error makes the next send to a healthy one fail. Returns whether both took.
 */
export function tuneUdpSocket(descriptor: number): boolean {
  if (process.platform !== "linux") return false
  if (libc === undefined) {
    try {
      libc = openLibc()
    } catch {
      libc = null // another libc: the default buffer and the error handler have to do
    }
  }
  if (!libc) return false
  const bufferSize = libc.setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, new Int32Array([RECEIVE_BUFFER_BYTES]), 4)
  const errors = libc.setsockopt(descriptor, IPPROTO_IP, IP_RECVERR, new Int32Array([0]), 4)
  return bufferSize === 0 && errors === 0
}
