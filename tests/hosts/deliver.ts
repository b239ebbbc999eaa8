// Says to a cloud that it is a site's gateway, with a key of its own, and delivers a survey; prints what becomes of it:
//   bun deliver.ts FROM TO PORT SITE DAY LINE FOLDER FINGERPRINT
// FOLDER holds gateway.key and gateway.crt; the cloud is known by its fingerprint. Without FOLDER the leg is plain.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../../src/clock"
import { Code, formatCode } from "../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../src/coap/option"
import { ContentFormat, textOf } from "../../src/coap/resource"
import { connectToCloud } from "../../src/gateway/delivery/connection"
import { silentLog } from "../../src/log"
import { systemSockets } from "../../src/net/sockets"
import { PROTOCOL } from "../../src/survey/protocol"

const [from = "", to = "", port, site = "", day = "", line = "", folder, fingerprint = ""] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(folder ?? "", name), "utf8")
const DEVICE = "192.168.1.2"

try {
  console.log(await deliver())
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}
process.exit(0)

async function deliver(): Promise<string> {
  const connection = await connectToCloud(
    {
      address: to,
      port: Number(port),
      localAddress: from,
      sockets: systemSockets,
      maxMessageSizeBytes: 4096,
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      security: () =>
        folder === undefined
          ? undefined
          : {
              tls: {
                certificate: read("gateway.crt"),
                key: read("gateway.key"),
                minVersion: "TLSv1.3",
                serverName: to,
              },
              trust: { by: "key", fingerprints: [fingerprint] },
            },
    },
    new AbortController().signal,
  )
  const description = { protocol: PROTOCOL, spool: "1", timeZone: "UTC", devices: [{ ip: DEVICE }] }
  const said = [
    await put(["sites", site], ContentFormat.Json, JSON.stringify(description)),
    await put(["sites", site, "surveys", DEVICE, day], ContentFormat.Text, `${line}\n`),
  ]
  return said.join("; ")

  async function put(path: readonly string[], format: number, text: string): Promise<string> {
    const reply = await connection.request({
      code: Code.Put,
      options: [
        ...path.map((segment) => textOption(OptionNumber.UriPath, segment)),
        uintOption(OptionNumber.ContentFormat, format),
      ],
      payload: new TextEncoder().encode(text),
    })
    return `${formatCode(reply.code)} ${textOf(reply)}`
  }
}
