// Large bodies poured into a cloud while honest readings are delivered to it: each refused, its memory bounded.
// The first body warms it up: whoever may deliver may fill the room for transfers, which is given back late.
import { Code, formatCode } from "../../../../src/coap/code"
import { formatAddress } from "../../../../src/topology/address"
import type { Programme } from "../../disk/programme"
import { Growth, inMib } from "../growth"
import { type Place, strangerAddress } from "../place"
import { endingOf, inPlace, started } from "../servers"
import { type Body, bodies } from "./body"
import { Deliveries } from "./deliveries"
import { Sender } from "./sender"

export interface PouringOptions {
  readonly seed: number
  /** How often each body is sent: with BERT on the first round, then in blocks of a kilobyte. */
  readonly rounds: number
}

export interface PouringReport {
  readonly failures: readonly string[]
  readonly bodies: number
  readonly growthBytes: number
}

const OWN = "127.30.77.1" // the gateway's
const ANYBODYS = "127.0.0.1" // which may speak for every site
const STRANGER = formatAddress(strangerAddress(7))
const WARM_UP = { seconds: 0, cpuMs: 0 } // as soon as the first body is refused
const NOT_YET = -1
/** Beside the one that warms it up, bodies that wait for the collector may take some 65 MiB; lists that are parsed, 1.2 GiB. */
export const MOST_BYTES = 192 * 1024 * 1024
const LOOK_EVERY_MS = 250
const DELIVERED_WITHIN_MS = 10_000

/** Needs Linux: all of 127.0.0.0/8, and /proc. */
export const pour = ({ seed, rounds }: PouringOptions): Promise<PouringReport> =>
  inPlace(async (place) => {
    await using cloud = await started(place, "cloud")
    await using gateway = await started(place, "gateway")
    const deliveries = new Deliveries(place, seed)
    await deliveries.begin()
    const pouring = new Pouring(place, cloud)
    const before = await deliveries.stored()
    // until something was delivered meanwhile, and no longer than one may wait for that
    const from = performance.now()
    const isEnough = async (sent: number) =>
      sent >= rounds && ((await deliveries.stored()) > before || performance.now() - from > DELIVERED_WITHIN_MS)
    await pouring.run(isEnough)
    const wrong = [...pouring.wrong]
    if ((await deliveries.stored()) === before) wrong.push("nothing was delivered beside the bodies")
    if (pouring.growthBytes > MOST_BYTES) wrong.push(`the cloud's memory grew by ${inMib(pouring.growthBytes)}`)
    wrong.push(...(await deliveries.end()))
    wrong.push(...(await endingOf("gateway", gateway)), ...(await endingOf("cloud", cloud)))
    const { bodies, growthBytes } = pouring
    return { failures: wrong.map((text) => `seed ${seed}, large bodies: ${text}`), bodies, growthBytes }
  })

/** A cloud alone with a fault, which is loaded before it: until its memory has grown too much, or all bodies were sent. */
export const pourInto = (fault: string): Promise<PouringReport> =>
  inPlace(async (place) => {
    await using cloud = await started(place, "cloud", fault)
    const pouring = new Pouring(place, cloud)
    await pouring.run((rounds) => rounds > 0, MOST_BYTES)
    const { bodies, growthBytes, wrong } = pouring
    return { failures: wrong, bodies, growthBytes }
  })

class Pouring {
  readonly wrong: string[] = []
  bodies = 0
  readonly #growth: Growth
  /** When the first body had been refused. */
  #warmAt: number | undefined

  constructor(
    private readonly place: Place,
    private readonly cloud: Programme,
  ) {
    this.#growth = new Growth({ cloud }, WARM_UP)
  }

  get growthBytes(): number {
    return this.#growth.bytes.cloud ?? 0
  }

  /**
   * Sends all bodies in turn until that is enough.
   * @param mostBytes ends the cloud as soon as its memory has grown by more
   */
  async run(
    isEnough: (rounds: number) => boolean | Promise<boolean>,
    mostBytes = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const over = new AbortController()
    const watching = this.#watch(mostBytes, over.signal)
    await Promise.race([this.#pourAll(isEnough, over.signal), watching])
    over.abort()
    await watching
  }

  async #watch(mostBytes: number, until: AbortSignal): Promise<void> {
    for (; !until.aborted; await Bun.sleep(LOOK_EVERY_MS)) {
      await this.#growth.look(this.#warmAt === undefined ? NOT_YET : (performance.now() - this.#warmAt) / 1000)
      if (this.growthBytes <= mostBytes) continue
      this.cloud.signal("SIGKILL")
      return
    }
  }

  async #pourAll(isEnough: (rounds: number) => boolean | Promise<boolean>, until: AbortSignal): Promise<void> {
    const { cloud } = this.place
    const all = bodies()
    try {
      using gateway = await Sender.open(OWN, cloud, until)
      using machine = await Sender.open(ANYBODYS, cloud, until)
      using stranger = await Sender.open(STRANGER, cloud, until)
      let turn = 0
      for (let round = 0; !(await isEnough(round)); round++) {
        for (const body of all) {
          await this.#pour(stranger, body, false, Code.Forbidden)
          await this.#pour(turn++ % 2 === 0 ? gateway : machine, body, round === 0, body.refusal)
          this.#warmAt ??= performance.now()
        }
      }
    } catch (error) {
      this.wrong.push(`bodies could not be sent: ${error}`)
    }
  }

  async #pour(sender: Sender, body: Body, isBert: boolean, refusal: number): Promise<void> {
    const { code } = await sender.send(body, isBert)
    this.bodies++
    if (code === refusal) return
    const answer = `${formatCode(code)} instead of ${formatCode(refusal)}`
    this.wrong.push(`${body.name} of ${sender.address} was answered with ${answer}`)
  }
}
