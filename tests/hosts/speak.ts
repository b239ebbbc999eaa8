// Says one thing to a gateway from an address of this host, for whomever it likes, and prints the answer:
//   bun speak.ts FROM TO PORT coap surveys/192.168.1.2 "08:00 - 20 - 30%"    → 4.03 192.168.1.9 may not speak for …
//   bun speak.ts FROM TO PORT text "192.168.1.2 08:00 - 20 - 30%"            → 192.168.1.9 may not speak for …
import { systemClock } from "../../src/clock"
import { Code, formatCode } from "../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../src/coap/option"
import { ContentFormat, textOf } from "../../src/coap/resource"
import { Endpoint } from "../../src/coap/udp/exchange"
import { UdpSocket } from "../../src/net/udp"

const [from = "", to = "", port, protocol, ...words] = process.argv.slice(2)
const gateway = { address: to, port: Number(port) }
const answered = Promise.withResolvers<string>()
const socket = await UdpSocket.open({
  address: from,
  port: 0,
  onDatagram: (datagram, peer) => {
    if (protocol === "coap") endpoint.receive(datagram, peer)
    else answered.resolve(new TextDecoder().decode(datagram))
  },
})
const endpoint = new Endpoint({
  send: (datagram, peer) => socket.send(datagram, peer),
  clock: systemClock,
  random: Math.random,
  transmission: { ackTimeoutMs: 500, maxRetransmit: 4 },
})
console.log(protocol === "coap" ? await put(...words) : await say(...words))
socket.close()

async function put(path = "", text = ""): Promise<string> {
  const reply = await endpoint.request(gateway, {
    code: Code.Put,
    options: [
      ...path.split("/").map((segment) => textOption(OptionNumber.UriPath, segment)),
      uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
    ],
    payload: new TextEncoder().encode(text),
  })
  return `${formatCode(reply.code)} ${textOf(reply)}`
}

function say(text = ""): Promise<string> {
  socket.send(new TextEncoder().encode(text), gateway)
  return answered.promise
}
