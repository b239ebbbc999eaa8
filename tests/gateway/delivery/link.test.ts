import { expect, test } from "bun:test"
import { connectToCloud } from "../../../src/gateway/delivery/link"
import { silentLog } from "../../../src/log"
import { systemSockets } from "../../../src/net/sockets"
import { settle, VirtualClock } from "../../virtual-clock"

const ADDRESS = "127.10.10.2"

async function toSilentPeer(work: (clock: VirtualClock, port: number) => Promise<void>): Promise<void> {
  const listener = Bun.listen({ hostname: ADDRESS, port: 0, socket: { data() {} } })
  try {
    await work(new VirtualClock(), listener.port)
  } finally {
    listener.stop(true)
  }
}

const dial = (clock: VirtualClock, port: number, signal: AbortSignal) => {
  const addresses = { address: ADDRESS, port, localAddress: "127.10.10.1" }
  const sockets = systemSockets
  const settings = { sockets, maxMessageSizeBytes: 4096, clock, random: () => 0.5, log: silentLog }
  return connectToCloud({ ...addresses, ...settings }, signal)
}

/** Until the connection is open and its CSM is waited for. */
async function opened(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle()
}

test("connectToCloud() gives up a peer that says nothing for 10 s", () =>
  toSilentPeer(async (clock, port) => {
    const link = dial(clock, port, new AbortController().signal)
    link.catch(() => {})
    await opened()
    await clock.advance(10_000)
    await expect(link).rejects.toThrow(`The connection with ${ADDRESS} ended: it says nothing`)
    expect(clock.pending).toBe(0)
  }))

test("connectToCloud() ends at once when it is no longer wanted, also while it waits for the peer's CSM", () =>
  toSilentPeer(async (clock, port) => {
    const abort = new AbortController()
    const link = dial(clock, port, abort.signal)
    link.catch(() => {})
    await opened()
    abort.abort(new Error("stopping"))
    await expect(link).rejects.toThrow(`The connection with ${ADDRESS} ended`)
    expect(clock.pending).toBe(0)
  }))
