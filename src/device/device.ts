// A simulated sensor, or the programme beside a real one: reads its survey and uploads it from its own address.
import type { Clock, Random } from "../clock"
import { Endpoint, type Transmission } from "../coap/udp/exchange"
import type { Sockets } from "../net/sockets"
import type { Peer } from "../net/udp"
import { clockChange, type Day } from "../survey/calendar"
import { parseSurvey, type Survey } from "../survey/survey"
import { type Device, hasHistory } from "../topology/devices"
import type { DeviceEvent, Uploaded } from "./events"
import type { ReasonsTold } from "./reasons-told"
import { type ReadSurvey, surveyPath } from "./source"
import type { SurveyText } from "./source/file"
import { SurveyMissing, SurveyStale } from "./source/missing"
import { whyStale } from "./source/stale"
import { Uploader, UploadRefused } from "./uploader"

export interface DeviceRunOptions {
  readonly device: Device
  /** Where its survey comes from, `{ip}` replaced. */
  readonly survey: string
  /** Its own address on this machine. */
  readonly address: string
  readonly gateway: Peer
  readonly folder: string
  /** limits.survey, in bytes. */
  readonly limitBytes: number
  readonly timeZone: string
  /** The survey files are samples that never change: none is stale. */
  readonly sample: boolean
  readonly transmission: Transmission
  readonly sockets: Sockets
  readonly readSurvey: ReadSurvey
  readonly clock: Clock
  readonly random: Random
  /** Send only what the gateway says is owed: nothing that it has already. */
  readonly owedOnly: boolean
  /** Days that are sent again if the source still has them, owed or not. */
  readonly again: readonly Day[]
  /** What the gateway was told in this run, also by earlier looks of this device. */
  readonly told: ReasonsTold
  readonly emit: (event: DeviceEvent) => void
}

const REFUSED_LINES_SHOWN = 10

/**
 * One device's run: the day's survey, and every owed day and every day to be sent again that its source still has,
 * oldest first.
 * Resolves when there is nothing more to send, with whether it is worth another look later; rejects with the signal's
 * reason, or with an Error of one clear line when its address cannot be had.
 */
export async function runDevice(day: Day, options: DeviceRunOptions, signal: AbortSignal): Promise<boolean> {
  const { address, sockets, transmission, clock, random, gateway, device, owedOnly, emit } = options
  const socket = await sockets.openUdp({
    address,
    port: 0,
    onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
  })
  const endpoint = new Endpoint({ send: (bytes, peer) => socket.send(bytes, peer), clock, random, transmission })
  try {
    const onPostponed = (reason: string, waitMs: number) => emit({ kind: "postponed", device, reason, waitMs })
    const uploader = new Uploader({ endpoint, gateway, ip: device.ip, clock, random, onPostponed })
    const history = hasHistory(options.survey)
    const owed = history || owedOnly ? await uploader.owed(signal) : []
    const days = owed.filter((owedDay) => history || owedDay === day)
    // a gateway that has just started may not know yet what is owed: it is worth asking again
    let missing = owedOnly && days.length === 0
    const due = new Set(owedOnly ? days : [...days, day])
    const all = [...new Set([...due, ...(history ? options.again : [])])].sort()
    for (const [index, next] of all.entries()) {
      const survey = { day: next, place: index + 1, days: all.length, isDue: due.has(next) }
      const sent = await sendDay(survey, options, uploader, endpoint, signal)
      if (next === day) missing = !sent
    }
    return missing
  } finally {
    endpoint.stop()
    socket.close()
  }
}

/** One of the days that a run sends. */
interface DayToSend extends Pick<Uploaded, "day" | "place" | "days"> {
  /** The gateway waits for it. */
  readonly isDue: boolean
}

/** Whether another look later is of no use: the survey was sent, or will never do. */
async function sendDay(
  toSend: DayToSend,
  options: DeviceRunOptions,
  uploader: Uploader,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<boolean> {
  const { device, told, emit } = options
  const { day, isDue } = toSend
  try {
    await sendSurvey(toSend, options, uploader, endpoint, signal)
    return true
  } catch (error) {
    if (!(error instanceof SurveyMissing || error instanceof UploadRefused)) throw error
    const { message: reason } = error
    // what the gateway has already need not be there any more
    if (isDue) emit({ kind: "not-sent", device, day, reason })
    if (error instanceof UploadRefused) return true
    if (isDue && !told.has(day, device.address, reason)) {
      const heard = await uploader.missing(day, reason, error.kind, signal)
      if (heard) told.add(day, device.address, reason)
    }
    return false
  }
}

/** Throws SurveyMissing, UploadRefused, or the signal's reason. */
async function sendSurvey(
  { day, place, days }: DayToSend,
  options: DeviceRunOptions,
  uploader: Uploader,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<void> {
  const { clock, device, readSurvey, emit, told, folder, survey, limitBytes } = options
  const text = await readSurvey({ folder, survey, device, day, limitBytes, clock }, signal)
  const { readings, refused, refusedCount: refusedLines } = readingsOf(text, day, options)
  const isUseless = readings.length === 0 && refusedLines > 0
  const useless = `${refusedLines} of ${refusedLines === 1 ? "1 line" : `${refusedLines} lines`} refused`
  // a patient run reads it again every minute, and shows its lines once
  const shown = isUseless && told.has(day, device.address, useless) ? 0 : REFUSED_LINES_SHOWN
  for (const { line, rule } of refused.slice(0, shown)) {
    emit({ kind: "line-refused", device, text: `${surveyPath(survey, day)}:${line} ${rule}` })
  }
  const startedAt = clock.monotonic()
  const resentBefore = endpoint.counts.resent
  await uploader.upload(day, text.bytes, signal)
  // the gateway keeps the lines in quarantine, and still has no reading of the day
  if (isUseless) throw new SurveyMissing(useless)
  emit({
    kind: "uploaded",
    device,
    day,
    place,
    days,
    readings: readings.length,
    refused: refusedLines,
    bytes: text.bytes.length,
    elapsedMs: clock.monotonic() - startedAt,
    resent: endpoint.counts.resent - resentBefore,
  })
}

/** What a survey says of its day. Throws SurveyStale for a file that cannot hold that day's readings. */
function readingsOf({ bytes, writtenAtMs }: SurveyText, day: Day, options: DeviceRunOptions): Survey {
  const { survey, timeZone, sample } = options
  const parsed = parseSurvey(new TextDecoder().decode(bytes), clockChange(day, timeZone))
  // a file with {day} in its name and a script say by themselves what day they tell of
  if (writtenAtMs === undefined || sample || hasHistory(survey)) return parsed
  const stale = whyStale({ path: survey, writtenAtMs }, day, parsed.readings.at(-1), timeZone)
  if (stale !== undefined) throw new SurveyStale(stale)
  return parsed
}
