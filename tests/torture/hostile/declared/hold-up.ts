// Honest devices beside a declared one that is hostile: how long their uploads take before its attack, and under it.
// Before it the device sends a reading at a time: each revises its large survey, which on a busy machine takes a while.
// A thousand of them at once must not take a thousand times as long.
import { seededRandom } from "../../../virtual-clock"
import { HonestDevice } from "../honest"
import { notKept } from "../kept"
import { percentile } from "../percentile"
import { HONEST_DEVICES, honestAddress, spoofedAddress } from "../place"
import { endingOf, inPlace, started } from "../servers"
import { CALM, HOSTILE, HostileDevice, MOST_SECONDS } from "./device"

export interface HoldUpOptions {
  readonly seed: number
  /** Of the attack. */
  readonly seconds: number
  /** Loaded before the gateway. Then nothing is said of what was kept. */
  readonly fault?: string
}

export interface HoldUpReport {
  readonly failures: readonly string[]
  readonly honestUploads: number
  /** The hostile device's, of one reading each. */
  readonly datagrams: number
  /** 99th percentiles of the acknowledgement. */
  readonly quietMs: number
  readonly attackedMs: number
}

const QUIET_SECONDS = 1.5
const MOST_MS = 250
const MOST_TIMES = 5 // as long as before the attack: a busy machine is slow without one

/** Whether honest devices were held up. */
export const isHeldUp = ({ quietMs, attackedMs }: Pick<HoldUpReport, "quietMs" | "attackedMs">): boolean =>
  attackedMs > MOST_MS && attackedMs > MOST_TIMES * quietMs

/** Needs Linux: all of 127.0.0.0/8. */
export const holdUp = ({ seed, seconds, fault }: HoldUpOptions): Promise<HoldUpReport> =>
  inPlace(async (place) => {
    await using cloud = await started(place, "cloud")
    await using gateway = await started(place, "gateway", fault)
    using hostile = await HostileDevice.open(spoofedAddress(0), place.gateway, seededRandom(seed))
    await hostile.uploadSurvey()

    const devices = Array.from({ length: HONEST_DEVICES }, (_, index) => {
      return new HonestDevice(honestAddress(index), seededRandom(seed + 1 + index))
    })
    const over = new AbortController()
    const uploading = devices.map((device) => device.run(place.gateway, over.signal))
    await hostile.run(CALM, AbortSignal.timeout(QUIET_SECONDS * 1000))
    const before = devices.map(({ elapsedMs }) => elapsedMs.length)
    const attackOver = AbortSignal.timeout(Math.min(seconds, MOST_SECONDS) * 1000)
    await hostile.run(HOSTILE, attackOver)
    over.abort()
    await Promise.all(uploading)

    const took = {
      quietMs: p99(devices.flatMap(({ elapsedMs }, index) => elapsedMs.slice(0, before[index]))),
      attackedMs: p99(devices.flatMap(({ elapsedMs }, index) => elapsedMs.slice(before[index]))),
    }
    const wrong = [hostile, ...devices].flatMap(({ failures }) => failures)
    if (isHeldUp(took)) wrong.push(`honest devices were held up: ${inWords(took)}`)
    if (fault === undefined) {
      wrong.push(...(await notKept(place, [hostile, ...devices])))
      wrong.push(...(await endingOf("gateway", gateway)), ...(await endingOf("cloud", cloud)))
    }
    return {
      ...took,
      failures: wrong.map((text) => `seed ${seed}, a hostile device: ${text}`),
      honestUploads: devices.reduce((sum, { elapsedMs }) => sum + elapsedMs.length, 0),
      datagrams: hostile.datagrams,
    }
  })

/** "30 ms before, 120 ms under attack" */
export const inWords = ({ quietMs, attackedMs }: Pick<HoldUpReport, "quietMs" | "attackedMs">): string =>
  `${Math.round(quietMs)} ms before, ${Math.round(attackedMs)} ms under attack`

const p99 = (elapsedMs: readonly number[]): number => percentile(elapsedMs, 0.99)
