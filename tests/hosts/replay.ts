// Sends datagrams to a gateway once more, as they were captured, and ends when the gateway has heard them all:
//   bun replay.ts FROM TO PORT FILE      the file holds a datagram a line, in hexadecimal digits
import { readFileSync } from "node:fs"
import { systemClock } from "../../src/clock"
import { Code, formatCode } from "../../src/coap/code"
import { OptionNumber, textOption } from "../../src/coap/option"
import { Endpoint } from "../../src/coap/udp/exchange"
import { UdpSocket } from "../../src/net/udp"

const [from = "", to = "", port, file = ""] = process.argv.slice(2)
const gateway = { address: to, port: Number(port) }
const socket = await UdpSocket.open({
  address: from,
  port: 0,
  onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
})
const endpoint = new Endpoint({
  send: (datagram, peer) => socket.send(datagram, peer),
  clock: systemClock,
  random: Math.random,
  transmission: { ackTimeoutMs: 500, maxRetransmit: 4 },
})
const lines = readFileSync(file, "utf8").split("\n").filter(Boolean)
for (const line of lines) socket.send(Buffer.from(line, "hex"), gateway)
// what comes behind them is answered behind them
const options = [textOption(OptionNumber.UriPath, "nothing")]
const { code } = await endpoint.request(gateway, { code: Code.Get, options, payload: new Uint8Array() })
console.log(`${lines.length} sent, then ${formatCode(code)}`)
socket.close()
