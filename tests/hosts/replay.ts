// Sends datagrams to a gateway once more, as they were captured, and ends when the gateway has heard them all:
//   bun replay.ts FROM TO PORT FILE      the file holds a datagram a line, in hexadecimal digits
import { readFileSync } from "node:fs"
import { Code, formatCode } from "../../src/coap/code"
import { OptionNumber, textOption } from "../../src/coap/option"
import { openEndpoint } from "../coap/udp/open-endpoint"

const [from = "", to = "", port, file = ""] = process.argv.slice(2)
const gateway = { address: to, port: Number(port) }
using speaker = await openEndpoint(from)
const lines = readFileSync(file, "utf8").split("\n").filter(Boolean)
for (const line of lines) speaker.socket.send(Buffer.from(line, "hex"), gateway)
// what comes behind them is answered behind them
const options = [textOption(OptionNumber.UriPath, "nothing")]
const { code } = await speaker.endpoint.request(gateway, { code: Code.Get, options, payload: new Uint8Array() })
console.log(`${lines.length} sent, then ${formatCode(code)}`)
