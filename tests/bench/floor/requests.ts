// As many requests over TCP as a day has deliveries, to a server that stores nothing: our own CoAP, because bytes alone
// cost next to nothing.
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { isSuccess } from "../../../src/coap/code"
import type { Outgoing } from "../../../src/coap/udp/exchange"
import { connectToCloud } from "../../../src/gateway/delivery/connection"
import { systemSockets } from "../../../src/net/sockets"
import { startScript } from "../peers/servers"

const LOCALHOST = "127.0.0.1"
const MAX_MESSAGE_SIZE_BYTES = 4096

/** Milliseconds from the first request to the last answer; so many wait for theirs at the same time. */
export async function requestMs(count: number, window: number, requestOf: (nth: number) => Outgoing): Promise<number> {
  await using server = await startScript(join(import.meta.dir, "unstored.ts"), LOCALHOST)
  const complain = (text: unknown) => process.stderr.write(`${text}\n`)
  const connection = await connectToCloud(
    {
      ...server.address,
      localAddress: LOCALHOST,
      sockets: systemSockets,
      maxMessageSizeBytes: MAX_MESSAGE_SIZE_BYTES,
      clock: systemClock,
      random: Math.random,
      log: { debug() {}, info() {}, warn: complain, error: complain },
    },
    new AbortController().signal,
  )
  let sent = 0
  const work = async () => {
    while (sent < count) {
      const { code } = await connection.request(requestOf(sent++))
      if (!isSuccess(code)) throw new Error(`the server that stores nothing answers ${code}`)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: window }, work))
  const elapsedMs = performance.now() - startedAt
  await connection.release()
  return elapsedMs
}
