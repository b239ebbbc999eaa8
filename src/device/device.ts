// A simulated sensor, or the programme beside a real one: reads its survey and uploads it from its own address.
import type { Clock, Random } from "../clock"
import { Endpoint, type Peer, type Transmission } from "../coap/exchange"
import type { Sockets } from "../coap/sockets"
import { clockChange, type Day } from "../survey/calendar"
import { parseSurvey } from "../survey/survey"
import { type Device, hasHistory } from "../topology/devices"
import { SurveyMissing } from "./missing"
import { type ReadSurvey, surveyPath } from "./source"
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
  readonly transmission: Transmission
  readonly sockets: Sockets
  readonly readSurvey: ReadSurvey
  readonly clock: Clock
  readonly random: Random
  /** Send only what the gateway says is owed: nothing that it has already. */
  readonly owedOnly: boolean
  /** Days that are sent again if the source still has them, owed or not. */
  readonly again: readonly Day[]
  readonly onUploaded: (upload: Uploaded) => void
  /** Why a day's survey cannot be sent, for now or for good. */
  readonly onProblem: (day: Day, reason: string) => void
  /** The gateway asks to come again after a while. */
  readonly onPostponed: (reason: string, waitMs: number) => void
  /** A line of the survey breaks a rule; the good ones go on. */
  readonly onRefusedLine: (text: string) => void
}

/** One survey that has arrived at the gateway. */
export interface Uploaded {
  readonly device: Device
  readonly day: Day
  /** Its place, from 1, among the days that this run of the device sends, oldest first, and how many these are. */
  readonly place: number
  readonly days: number
  readonly readings: number
  readonly refused: number
  readonly bytes: number
  readonly elapsedMs: number
  /** Datagrams that had to be sent again. */
  readonly resent: number
}

const REFUSED_LINES_SHOWN = 10

/**
 * One device's run: the day's survey, and every owed day and every day to be sent again that its source still has,
 * oldest first.
 * Resolves when there is nothing more to send, with whether it is worth another look later; rejects with the signal's
 * reason, or with an Error of one clear line when its address cannot be had.
 */
export async function runDevice(day: Day, options: DeviceRunOptions, signal: AbortSignal): Promise<boolean> {
  const { address, sockets, transmission, clock, random, gateway, device, owedOnly, onPostponed } = options
  const socket = await sockets.openUdp({
    address,
    port: 0,
    onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
  })
  const endpoint = new Endpoint({ send: (bytes, peer) => socket.send(bytes, peer), clock, random, transmission })
  try {
    const uploader = new Uploader({ endpoint, gateway, ip: device.ip, clock, random, onPostponed })
    const history = hasHistory(options.survey)
    const owed = history || owedOnly ? await uploader.owed(signal) : []
    const days = owed.filter((owedDay) => history || owedDay === day)
    // a gateway that has just started may not know yet what is owed: it is worth asking again
    let missing = owedOnly && days.length === 0
    const due = new Set(owedOnly ? days : [...days, day])
    const all = [...new Set([...due, ...(history ? options.again : [])])].sort()
    for (const [index, next] of all.entries()) {
      const place = { day: next, place: index + 1, days: all.length }
      // what the gateway has already need not be there any more
      const told = due.has(next) ? options : { ...options, onProblem() {} }
      const sent = await sendDay(place, told, uploader, endpoint, signal)
      if (next === day) missing = !sent
    }
    return missing
  } finally {
    endpoint.stop()
    socket.close()
  }
}

/** Whether the survey was there to be sent. */
async function sendDay(
  { day, place, days }: Pick<Uploaded, "day" | "place" | "days">,
  options: DeviceRunOptions,
  uploader: Uploader,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, device, readSurvey, onProblem, onUploaded, timeZone, folder, survey, limitBytes } = options
  try {
    const body = await readSurvey({ folder, survey, device, day, limitBytes, clock }, signal)
    const { readings, refused, refusedCount } = parseSurvey(new TextDecoder().decode(body), clockChange(day, timeZone))
    for (const { line, rule } of refused.slice(0, REFUSED_LINES_SHOWN)) {
      options.onRefusedLine(`${surveyPath(survey, day)}:${line} ${rule}`)
    }
    const startedAt = clock.now()
    const resentBefore = endpoint.counts.resent
    await uploader.upload(day, body, signal)
    onUploaded({
      device,
      day,
      place,
      days,
      readings: readings.length,
      refused: refusedCount,
      bytes: body.length,
      elapsedMs: clock.now() - startedAt,
      resent: endpoint.counts.resent - resentBefore,
    })
    return true
  } catch (error) {
    if (!(error instanceof SurveyMissing || error instanceof UploadRefused)) throw error
    onProblem(day, error.message)
    return error instanceof UploadRefused
  }
}
