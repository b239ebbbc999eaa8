// Strangers at both ports: whatever they say, nothing of it may be taken.
import { Code, codeClass, formatCode } from "../../../src/coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { ContentFormat } from "../../../src/coap/resource"
import { connectToCloud } from "../../../src/gateway/delivery/connection"
import { silentLog } from "../../../src/log"
import type { Sockets } from "../../../src/net/sockets"
import type { Day } from "../../../src/survey/calendar"
import { PROTOCOL } from "../../../src/survey/protocol"
import type { Chance } from "../network/chance"
import type { Lan } from "../network/datagrams"
import type { Life } from "../network/life"
import type { Wan } from "../network/streams"
import { CLOUD, TIME_ZONE } from "./declaration"
import { Speaker } from "./sensor"

export interface Aim {
  readonly site: string
  /** A declared device, and a day of it. */
  readonly ip: string
  readonly day: Day
  /** Whose address the stranger has on the devices' network: nobody's, or another device's. */
  readonly from: string
}

/** Nobody has measured this: it is found wherever it gets to. */
const FORGED = "08:00 - 66.6 - 66%\n"
export const FORGED_REASON = "says a stranger"
const HIGHEST_REVISION = "999999999999999"
const ABROAD = ["203.0.113.9", CLOUD.address, "10.10.10.77"] as const
const ANSWER_MS = 5000
const MAX_MESSAGE_BYTES = 8192

/** Speaks to the gateway. */
export async function disturbGateway(life: Life, lan: Lan, chance: Chance, { ip, day, from }: Aim): Promise<void> {
  const speaker = new Speaker(life, lan, from)
  const refused = (code: number | undefined) => {
    if (code !== undefined && codeClass(code) === 2) life.fail(`a stranger's message was taken: ${formatCode(code)}`)
  }
  switch (chance.whole(0, 3)) {
    case 0:
      return refused(await speaker.put(["surveys", ip, day], FORGED))
    case 1:
      return refused(await speaker.put(["missing", ip, day], FORGED_REASON))
    case 2:
      return refused(await speaker.put(["surveys", ip], FORGED))
    case 3: {
      const answer = await speaker.say(`${ip} ${FORGED}`)
      if (answer?.startsWith("Surveys")) life.fail(`a stranger's text was taken: ${answer}`)
    }
  }
}

/** Speaks to the cloud. */
export async function disturbCloud(life: Life, wan: Wan, chance: Chance, aim: Aim): Promise<void> {
  const localAddress = chance.pick(...ABROAD)
  if (chance.is(0.2)) return sayToCloud(life, wan, localAddress, `${aim.ip} ${FORGED}`)
  const sockets: Pick<Sockets, "connectTcp"> = {
    connectTcp: (options) => wan.connect(life, options),
  }
  try {
    const link = await connectToCloud(
      {
        ...CLOUD,
        localAddress,
        sockets,
        maxMessageSizeBytes: MAX_MESSAGE_BYTES,
        clock: life,
        random: life.random,
        log: silentLog,
      },
      new AbortController().signal,
    )
    const { code, options, text } = chance.pick(...requestsOf(aim))
    const reply = await link.request({
      code,
      options,
      payload: Buffer.from(text),
    })
    if (codeClass(reply.code) === 2) life.fail(`a stranger's request was taken: ${formatCode(reply.code)}`)
    await link.release()
  } catch {
    // the cloud is not there, or does not want to talk
  }
}

function requestsOf({ site, ip, day }: Aim): [Said, ...Said[]] {
  const put = (path: string[], format: number, text: string, ...query: string[]): Said => ({
    code: Code.Put,
    options: [...optionsOf(path), uintOption(OptionNumber.ContentFormat, format), ...query.map(queryOption)],
    text,
  })
  const none = {
    surveys: 0,
    digest: "0".repeat(16),
    arrived: [],
    late: [],
    missing: [],
    stale: [],
    refused: [],
  }
  const account = {
    ...none,
    scheduledAt: `${day}T05:00:00Z`,
    run: true,
    changed: [],
    reasons: [],
  }
  const nobody = {
    protocol: PROTOCOL,
    spool: "0123456789abcdef",
    timeZone: TIME_ZONE,
    devices: [],
  }
  return [
    put(["sites", site, "surveys", ip, day], ContentFormat.Text, FORGED, `revision=${HIGHEST_REVISION}`),
    put(["sites", site], ContentFormat.Json, JSON.stringify(nobody)),
    put(["sites", site, "collections", day], ContentFormat.Json, JSON.stringify(account)),
    {
      code: Code.Delete,
      options: [...optionsOf(["sites", site, "surveys", ip, day]), queryOption(`revision=${HIGHEST_REVISION}`)],
      text: "",
    },
  ]
}

interface Said {
  readonly code: number
  readonly options: readonly Option[]
  readonly text: string
}

const optionsOf = (path: readonly string[]): Option[] =>
  path.map((segment) => textOption(OptionNumber.UriPath, segment))

const queryOption = (pair: string): Option => textOption(OptionNumber.UriQuery, pair)

async function sayToCloud(life: Life, wan: Wan, localAddress: string, text: string): Promise<void> {
  const answered = Promise.withResolvers<string>()
  try {
    const connection = await wan.connect(life, {
      ...CLOUD,
      localAddress,
      timeoutMs: ANSWER_MS,
      clock: life,
      onProblem() {},
      onConnection: () => ({
        data: (chunk) => answered.resolve(Buffer.from(chunk).toString()),
        close: () => answered.resolve(""),
      }),
    })
    connection.write(Buffer.from(text))
    const answer = await answered.promise
    if (answer === "Surveys received") life.fail(`a stranger's text was taken: ${answer}`)
    connection.destroy()
  } catch {
    // the cloud is not there
  }
}
