// A simulated sensor, or the programme beside a real one: reads its survey and uploads it from its own address.
import type { Clock, Random } from "../clock"
import type { RandomBytes } from "../coap/oscore/challenges"
import { type Exchange, OscoreClient, UnprovenAnswer } from "../coap/oscore/client"
import { GATEWAY_ID, idOf } from "../coap/oscore/identity"
import { hasOscore } from "../coap/oscore/message"
import { Endpoint } from "../coap/udp/exchange"
import { count } from "../format"
import { INVOCATION } from "../installation"
import type { Sockets } from "../net/sockets"
import { clockChange, type Day, isTimeZone } from "../survey/calendar"
import { surveyDigest } from "../survey/digest"
import { formatToldRow } from "../survey/foreign/refused-row"
import { parseSurvey } from "../survey/survey"
import { type Addressing, bindAddress } from "../topology/addressing"
import { type Device, hasHistory } from "../topology/devices"
import type { Topology } from "../topology/topology"
import type { DeviceEvent, Uploaded } from "./events"
import { formattedOf, type ReadSurvey, surveyPath } from "./source"
import type { RefusedRow, SurveyText } from "./source/file"
import { SurveyMissing, SurveyStale } from "./source/missing"
import { whyStale } from "./source/stale"
import { OtherZone, Uploader, UploadRefused } from "./uploader"

export interface DeviceRunOptions {
  readonly device: Device
  readonly topology: Topology
  readonly addressing: Addressing
  readonly gatewayPort: number
  readonly sockets: Sockets
  readonly readSurvey: ReadSurvey
  readonly clock: Clock
  readonly random: Random
  /** Devices' own keys, and random bytes that are fit for keys; without them all devices speak in plain. */
  readonly oscore?: OwnKeys | undefined
  /** Send only what the gateway says is owed: nothing that it has already. */
  readonly owedOnly: boolean
  /** Days that are sent again if the source still has them, owed or not. */
  readonly again: readonly Day[]
  /**
   * Why a survey does not come, or the digest of what may be a part of it, as the gateway heard it last, by `<ip> <day>`: a
   * device that looks again says it once.
   */
  readonly told: Map<string, string>
  readonly emit: (event: DeviceEvent) => void
}

export interface OwnKeys {
  /** Undefined: the device has none. Throws an Error of one clear line where its file cannot be used. */
  readonly keyOf: (address: number) => Uint8Array | undefined
  readonly randomBytes: RandomBytes
}

const REFUSED_LINES_SHOWN = 10

/** A run under way. */
interface Sending extends DeviceRunOptions {
  readonly endpoint: Endpoint
  readonly uploader: Uploader
  readonly signal: AbortSignal
}

/** One of the days that a run sends. */
interface DayToSend extends Pick<Uploaded, "day" | "place" | "days"> {
  /** The gateway waits for it. */
  readonly isDue: boolean
  /** It is the one that the run collects. */
  readonly isOfRun: boolean
}

/**
 * One device's run: the day's survey, and every owed day and every day to be sent again that its source still has, oldest
 * first. Resolves when there is nothing more to send, with whether it is worth another look later; rejects with the
 * signal's reason, or with an Error of one clear line when its address cannot be had.
 */
export async function runDevice(day: Day, options: DeviceRunOptions, signal: AbortSignal): Promise<boolean> {
  const { device, topology, addressing, gatewayPort, sockets, clock, random, oscore, owedOnly, again, emit } = options
  const { ackTimeout, maxRetransmit } = topology.transmission
  const gateway = {
    address: bindAddress(topology.gateway.interfaces.devices.address.ip, addressing),
    port: gatewayPort,
  }
  const masterSecret = oscore?.keyOf(device.address)
  if (!masterSecret && topology.security === "required") {
    const reason = `${device.ip} has no key here, and nothing is sent in plain: ${INVOCATION} pair ${device.ip} makes one where the gateway is`
    emit({ kind: "not-sent", device, day, reason })
    return true
  }
  const socket = await sockets.openUdp({
    address: bindAddress(device.ip, addressing),
    port: 0,
    onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
  })
  const transmission = { ackTimeoutMs: ackTimeout.total("milliseconds"), maxRetransmit }
  const endpoint = new Endpoint({
    send: (bytes, peer) => socket.send(bytes, peer),
    clock,
    random,
    transmission,
    isProtected: masterSecret && hasOscore,
  })
  try {
    const onPostponed = (reason: string, waitMs: number) => emit({ kind: "postponed", device, reason, waitMs })
    const uploader = new Uploader({
      endpoint: masterSecret && oscore ? protecting(masterSecret, endpoint, device, oscore) : endpoint,
      isProtected: masterSecret !== undefined,
      gateway,
      ip: device.ip,
      clock,
      random,
      onPostponed,
    })
    const history = hasHistory(device)
    const owed = history || owedOnly ? await uploader.owed(signal) : []
    const days = owed.filter((owedDay) => history || owedDay === day)
    // a gateway that has just started may not know yet what is owed: it is worth asking again
    let missing = owedOnly && days.length === 0
    const due = new Set(owedOnly ? days : [...days, day])
    const all = [...new Set([...due, ...(history ? again : [])])].sort()
    const sending = { ...options, endpoint, uploader, signal }
    for (const [index, next] of all.entries()) {
      const [isDue, isOfRun] = [due.has(next), next === day]
      const isSettled = await sendDay({ day: next, place: index + 1, days: all.length, isDue, isOfRun }, sending)
      if (isOfRun) missing = !isSettled
    }
    return missing
  } finally {
    endpoint.stop()
    socket.close()
  }
}

/**
 * A run's context is its own: what it counts ends with it (RFC 8613 Appendix B.2). Where the gateway does not prove that it has
 * the same key, another one may have been made: the next request is protected with what there is by then.
 */
function protecting(
  masterSecret: Uint8Array,
  exchange: Endpoint,
  { address }: Device,
  { keyOf, randomBytes }: OwnKeys,
): Exchange {
  const [senderId, recipientId] = [idOf(address), GATEWAY_ID]
  const clientWith = (masterSecret: Uint8Array) =>
    new OscoreClient({ exchange, masterSecret, senderId, recipientId, randomBytes })
  let client: OscoreClient | undefined = clientWith(masterSecret)
  return {
    async request(peer, request, signal) {
      client ??= clientWith(keyOf(address) ?? masterSecret)
      try {
        return await client.request(peer, request, signal)
      } catch (error) {
        if (error instanceof UnprovenAnswer) client = undefined
        throw error
      }
    },
  }
}

/** Whether another look later is of no use: the survey was sent, or will never do. */
async function sendDay(toSend: DayToSend, sending: Sending): Promise<boolean> {
  const { device, told, emit, uploader, signal } = sending
  const { day, isDue, isOfRun } = toSend
  try {
    await sendInItsZone(toSend, sending)
    return true
  } catch (error) {
    if (!(error instanceof SurveyMissing || error instanceof UploadRefused)) throw error
    const { message: reason } = error
    const tell = () => emit({ kind: "not-sent", device, day, reason })
    // what the gateway has already need not be there any more
    if (!isDue) return error instanceof UploadRefused
    if (error instanceof UploadRefused) {
      tell()
      return true
    }
    if (isOfRun) tell()
    const survey = `${device.ip} ${day}`
    const heard = told.get(survey) !== reason && (await uploader.missing(day, reason, error.kind, signal))
    if (heard) told.set(survey, reason)
    // of an older day more was to come: what there is of it the gateway has
    if (!isOfRun && heard !== "there") tell()
    return false
  }
}

/** Throws SurveyMissing, UploadRefused, or the signal's reason. */
async function sendInItsZone(toSend: DayToSend, sending: Sending): Promise<void> {
  const tried = new Set<string>()
  for (let zone = sending.topology.timeZone; ; ) {
    tried.add(zone)
    try {
      return await sendSurvey(toSend, sending, zone)
    } catch (error) {
      if (!(error instanceof OtherZone)) throw error
      if (!isTimeZone(error.zone) || tried.has(error.zone)) throw new UploadRefused(error.message)
      zone = error.zone
    }
  }
}

/**
 * Throws SurveyMissing, UploadRefused, OtherZone, or the signal's reason.
 * @param timeZone in which the day is measured: a foreign file's times are placed in it
 */
async function sendSurvey(toSend: DayToSend, sending: Sending, timeZone: string): Promise<void> {
  const { day, place, days, isOfRun } = toSend
  const { clock, device, topology, readSurvey, emit, told, uploader, endpoint, signal } = sending
  const { folder, limits, formats } = topology
  const { survey = "" } = device
  const formatted = formattedOf(device, { formats, timeZone })
  const source = await readSurvey({ folder, survey, device, day, limitBytes: limits.survey, clock, formatted }, signal)
  const { writtenAtMs } = source
  const read = parseSurvey(new TextDecoder().decode(source.bytes), clockChange(day, timeZone))
  const { readings } = read
  const refused: readonly RefusedRow[] = source.refused ?? read.refused
  const { refusedCount = read.refusedCount } = source
  const stale = whyStale(topology, device, writtenAtMs, day, readings.at(-1))
  if (stale !== undefined) throw new SurveyStale(stale)
  const isUseless = readings.length === 0 && refusedCount > 0
  const what = formatted ? "row" : "line"
  const useless = `${refusedCount} of ${count(refusedCount, what)} refused`
  // a patient run reads it again every minute, and shows its lines once
  const shown = isUseless && told.get(`${device.ip} ${day}`) === useless ? 0 : REFUSED_LINES_SHOWN
  const whereAndWhy = ({ line, rule, path = surveyPath(survey, day) }: RefusedRow) => `${path}:${line} ${rule}`
  for (const row of refused.slice(0, shown)) emit({ kind: "line-refused", device, text: whereAndWhy(row) })
  const bytes = withRefused(source, whereAndWhy, limits.survey)
  // a file of one day alone never has a later one: it is looked at once more, and not for ever
  const isPart = source.isPart && (isOfRun || !survey.includes("{day}"))
  const heard = surveyDigest(device.ip, day, bytes)
  if (isPart && told.get(`${device.ip} ${day}`) === heard) return
  const startedAt = clock.monotonic()
  const resentBefore = endpoint.counts.resent
  await uploader.upload(day, bytes, signal, formatted && { zone: timeZone, isPart })
  if (isPart && !isUseless) told.set(`${device.ip} ${day}`, heard)
  // the gateway keeps the lines in quarantine, and still has no reading of the day
  if (isUseless) throw new SurveyMissing(useless)
  emit({
    kind: "uploaded",
    device,
    day,
    place,
    days,
    readings: readings.length,
    refused: refusedCount,
    bytes: bytes.length,
    elapsedMs: clock.monotonic() - startedAt,
    resent: endpoint.counts.resent - resentBefore,
  })
}

/** Behind the readings the rows that were refused, as many as there is room for. */
function withRefused(
  { bytes, refused = [], refusedCount = 0 }: SurveyText,
  whereAndWhy: (row: RefusedRow) => string,
  limitBytes: number,
): Uint8Array {
  const rows = refused.map((row) => formatToldRow({ reason: whereAndWhy(row), text: row.text }))
  const more = refusedCount - rows.length
  if (more > 0) rows.push(formatToldRow({ reason: `${count(more, "more row")}, counted and not kept`, text: "" }))
  let text = ""
  let room = limitBytes - bytes.length
  for (const row of rows) {
    room -= Buffer.byteLength(row) + 1
    if (room < 0) break
    text += `${row}\n`
  }
  return text === "" ? bytes : Buffer.concat([bytes, Buffer.from(text)])
}
