// The figures of a fleet's day: how long, beside its floor, how straight the line, how much memory and how much disk.
import { type DayOptions, type FleetDay, measureDay, READINGS, SURVEY_BYTES } from "./day"
import { type Figure, median } from "./figure"
import { floorFigure, measureFloor } from "./floor/floor"

const SMALL = 10_000
const SMALL_ROUNDS = 3
const MIB = 1024 * 1024
const AIM = { seconds: 60, straight: 1.2, mib: 256, storeBytes: 25, spoolBytes: 64 }
const FULL = 1_000_000

export async function measureFleet(options: DayOptions, say: (text: string) => void): Promise<Figure[]> {
  const perDevice: number[] = []
  for (let round = 0; round < SMALL_ROUNDS; round++) {
    perDevice.push(timeOf(await measureDay({ ...options, devices: SMALL })) / SMALL)
  }
  const day = await measureDay(options)
  const { devices, uploadMs, deliveryMs } = day
  say(`${devices} devices: uploads ${seconds(uploadMs)} s, delivery ${seconds(deliveryMs)} s`)
  const floor = await measureFloor(options, day)
  const { echo, spool, store, requests } = floor
  const inserts = `inserts ${seconds(spool)} and ${seconds(store)} s`
  say(`its floor: echo ${seconds(echo)} s, ${inserts}, requests ${seconds(requests)} s`)
  const isFull = devices === FULL
  const name = `a day of ${devices.toLocaleString("en")} devices × ${READINGS} readings`
  const straight = timeOf(day) / devices / median(perDevice)
  return [
    figure(name, timeOf(day) / 1000, "s", isFull ? AIM.seconds : undefined, "s or less"),
    figure(`${name}, uploads`, (devices / uploadMs) * 1000, "/s"),
    figure(`${name}, deliveries`, (devices / deliveryMs) * 1000, "/s"),
    floorFigure(name, timeOf(day), floor),
    {
      ...figure(`${name}, time a device`, (timeOf(day) / devices) * 1000, "µs"),
      peer: `of ${SMALL.toLocaleString("en")}: ${Math.round(median(perDevice) * 1000)} µs`,
      ratio: straight,
      aim: `${AIM.straight} × or less`,
      met: isFull ? straight <= AIM.straight : null,
    },
    figure(`${name}, gateway's own memory`, day.gatewayBytes / MIB, "MiB", isFull ? AIM.mib : undefined, "MiB or less"),
    figure(`${name}, cloud's own memory`, day.cloudBytes / MIB, "MiB", isFull ? AIM.mib : undefined, "MiB or less"),
    figure(`${name}, spool and its log at their peak`, day.spoolPeakBytes / MIB, "MiB"),
    figure("store, a reading", day.storeBytes / READINGS, "B", AIM.storeBytes, "B or less"),
    figure("spool, a device-day beside its survey", day.spoolBytes - SURVEY_BYTES, "B", AIM.spoolBytes, "B or less"),
  ]
}

const timeOf = ({ uploadMs, deliveryMs }: FleetDay): number => uploadMs + deliveryMs

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

function figure(name: string, value: number, unit: string, aim?: number, rule = ""): Figure {
  const met = aim === undefined ? null : value <= aim
  return { figure: name, value, unit, peer: null, ratio: null, aim: aim === undefined ? null : `${aim} ${rule}`, met }
}
