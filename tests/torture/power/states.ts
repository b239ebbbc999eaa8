// Which power cuts of a recording are tried: every prefix and every tear first, the rest of the number at random.
import type { Random } from "../../../src/clock"
import { seededRandom } from "../../virtual-clock"
import { Disk, type Image } from "./disk"
import { type Loss, sectorsOf } from "./file"
import { Pledge } from "./pledge"
import type { Event } from "./trace"

/** The power goes behind so many events, and so much is lost. */
export interface State {
  readonly image: Image
  readonly pledge: Pledge
  /** One of those that come in order, not by chance. */
  readonly isInOrder: boolean
  /** For a person who wants to see it again. */
  readonly name: string
}

export interface Choice {
  readonly count: number
  readonly seed: number
  /** The first has every prefix and every tear; in the others all is random. */
  readonly round: number
}

/** About `count` states of the database whose files begin with `name`, in the order of the events. */
export function* statesOf(events: readonly Event[], name: string, { count, seed, round }: Choice): Generator<State> {
  const own = events.filter((event) => event.kind === "mark" || event.file === "" || event.file.startsWith(name))
  const lossesAt = round === 0 ? inOrder : () => []
  const ordered = own.reduce((sum, event) => sum + lossesAt(event).length, 0)
  const stride = Math.max(1, Math.ceil(ordered / count))
  const share = Math.max(0, count - ordered) / allWaysToLose(own)
  const [disk, pledge] = [new Disk(), new Pledge()]
  let counted = seed
  let owing = 0
  for (const [index, event] of own.entries()) {
    const state = (loss: Loss, text: string, isInOrder = true): State => {
      const image = disk.imageAfter(loss)
      return { image, pledge, isInOrder, name: `${name}, cut ${index} (${shown(event)}), ${text}` }
    }
    // what is under way is torn before it is done; what has been acknowledged must not need what is not synced
    for (const loss of lossesAt(event)) {
      if (loss.kind === "torn" && counted++ % stride === 0) yield state(loss, `${loss.sectors} sectors written`)
    }
    disk.apply(event)
    if (event.kind === "mark") pledge.note(event.mark)
    for (const loss of lossesAt(event)) {
      if (loss.kind !== "torn" && counted++ % stride === 0) yield state(loss, `${loss.kind} lost`)
    }
    for (owing += share * waysToLose(disk, pledge); owing >= 1; owing--) {
      const nth = `${round}.${Math.floor(owing)}`
      const random = seededRandom(Bun.hash.crc32(`${seed} ${index} ${nth}`))
      yield state(anyLoss(random), `random loss ${nth}`, false)
    }
  }
}

/** Random states are spread by this: the more can be lost, the more ways there are, and the worse it is. */
function waysToLose(disk: Disk, { acknowledged }: Pledge): number {
  return acknowledged > 0 ? disk.pendingSectors ** 2 : disk.pendingSectors
}

function allWaysToLose(events: readonly Event[]): number {
  const [disk, pledge] = [new Disk(), new Pledge()]
  let ways = 0
  for (const event of events) {
    disk.apply(event)
    if (event.kind === "mark") pledge.note(event.mark)
    ways += waysToLose(disk, pledge)
  }
  return ways
}

function inOrder(event: Event): Loss[] {
  if (event.kind === "mark") return [{ kind: "everything" }]
  if (event.kind !== "write") return [{ kind: "nothing" }, { kind: "everything" }]
  const tears = Array.from({ length: sectorsOf(event) - 1 }, (_, index) => index + 1)
  return [{ kind: "nothing" }, ...tears.map((sectors): Loss => ({ kind: "torn", write: event, sectors }))]
}

function anyLoss(random: Random): Loss {
  return random() < 0.2 ? { kind: "behind", random } : { kind: "scattered", random, share: random() }
}

function shown(event: Event): string {
  if (event.kind !== "mark") return `${event.kind} ${event.file || "the folder"}`
  return event.mark.kind === "turn" ? `turn ${event.mark.turn}` : `${event.mark.keeper} ${event.mark.kind}`
}
