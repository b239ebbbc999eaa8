// A sensor that sends by itself: small blocks, no digest, every day until it is acknowledged, oldest first.
import { pause } from "../../../src/clock"
import { sendBlockwise } from "../../../src/coap/block"
import { Code } from "../../../src/coap/code"
import { OptionNumber, textOption } from "../../../src/coap/option"
import { Endpoint, type Outgoing, type Reply } from "../../../src/coap/udp/exchange"
import { dayBefore } from "../../../src/survey/calendar"
import type { Ground } from "./host"
import type { Life } from "./life"

const RETRY_MS = 60_000
const MAX_RETRANSMIT = 1 // it gives an exchange up soon, and begins another one with the same block

/** Never ends by itself. */
export async function runSensor(ip: string, life: Life, ground: Ground, blockBytes: number): Promise<void> {
  const { topology, lan, fields, instants } = ground
  const { devices } = topology.gateway.interfaces
  const gateway = { address: devices.address.ip, port: devices.port }
  const transmission = { ackTimeoutMs: 2000, maxRetransmit: MAX_RETRANSMIT }
  const onDatagram = (datagram: Uint8Array, from: typeof gateway) => endpoint.receive(datagram, from)
  const socket = lan.open(life, { address: ip, port: 0, onDatagram })
  const endpoint = new Endpoint({
    send: (datagram, to) => socket.send(datagram, to),
    clock: life,
    random: life.random,
    transmission,
  })
  const ask = async (request: Outgoing): Promise<Reply> => {
    for (;;) {
      try {
        return await endpoint.request(gateway, request)
      } catch {
        await pause(life, RETRY_MS)
      }
    }
  }
  for (const instant of instants) {
    await pause(life, instant + life.random() * 600_000 - life.now())
    const day = dayBefore(instant, topology.timeZone)
    const payload = Buffer.from(fields.read(ip, day))
    const options = ["surveys", ip, day].map((segment) => textOption(OptionNumber.UriPath, segment))
    const request = { code: Code.Put, options, payload }
    for (;;) {
      const { code } = await sendBlockwise(ask, request, { wholeBytes: blockBytes, blockBytes })
      if (code === Code.Created || code === Code.Changed) break
      await pause(life, RETRY_MS)
    }
    fields.acknowledged(ip, day)
  }
}
