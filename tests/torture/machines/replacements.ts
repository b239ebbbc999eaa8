// Machines that are replaced: spools and stores are lost, come back from earlier copies, and change places.
import { type Chance, HOUR_MS, MINUTE_MS } from "../network/chance"
import type { Kind } from "./files"
import type { Installation } from "./installation"

const OFF_MS = [0, 0, 0, 20 * MINUTE_MS, 5 * HOUR_MS] as const
const SPARED_SHARE = 0.9

/** The gateway is a new one. */
export const emptySpool = (installation: Installation, chance: Chance): void =>
  replace(installation, chance, "spool", undefined)

/** The cloud is a new one. */
export const emptyStore = (installation: Installation, chance: Chance): void =>
  replace(installation, chance, "store", undefined)

export const oldSpool = (installation: Installation, chance: Chance): void =>
  replace(installation, chance, "spool", anyCopy(installation, chance, "spool"))

export const oldStore = (installation: Installation, chance: Chance): void =>
  replace(installation, chance, "store", anyCopy(installation, chance, "store"))

/** Another spool takes the place of the gateway's, an empty one, a copy of its own or of earlier, and gives it back. */
export function swapSpools(installation: Installation, chance: Chance): void {
  const { files, gateway } = installation
  const other = chance.pick("empty", "twin", "old")
  const old = anyCopy(installation, chance, "spool")
  installation.whileOff(gateway, () => {
    const twin = other === "twin" ? files.copy("spool") : undefined
    installation.databases.replace(`the spool is another one (${other})`, () => {
      layAside(installation, chance)
      putBack(installation, "spool", other === "old" ? old : twin)
    })
  })
}

/** Hours later it takes its place again, if nothing is lost with what is there then, or all the same. */
function layAside(installation: Installation, chance: Chance): void {
  const { files, gateway } = installation
  const { aside } = installation.databases
  const own = files.layAsideSpool()
  aside.add(own)
  const comeBack = () => {
    if (isSpared(installation, chance, "spool")) return later()
    if (!aside.has(own)) return
    installation.databases.replace("the spool is back", () => {
      files.takeSpoolBack(own)
      aside.delete(own)
    })
  }
  const later = () => {
    installation.at(installation.now + chance.between(1, 40) * HOUR_MS, () => installation.whileOff(gateway, comeBack))
  }
  later()
}

/** Nothing but a while without power. */
export function powerCut(installation: Installation, chance: Chance): void {
  const { gateway, cloud, field } = installation
  const offMs = chance.is(0.9) ? chance.between(1, 90) * MINUTE_MS : chance.between(2, 30) * HOUR_MS
  installation.whileOff(chance.pick(gateway, cloud, field), () => {}, offMs)
}

/** What nobody else has is rarely destroyed: that would prove nothing. */
const isSpared = (installation: Installation, chance: Chance, kind: Kind): boolean =>
  chance.is(SPARED_SHARE) && installation.databases.isOnlyHolder(kind)

function anyCopy({ files }: Installation, chance: Chance, kind: Kind): string | undefined {
  const copies = files.copies(kind)
  return copies[chance.whole(0, copies.length - 1)]
}

/** A copy may have been deleted meanwhile: then there is nothing in its place. */
function putBack({ files }: Installation, kind: Kind, copy: string | undefined): void {
  if (copy !== undefined && files.copies(kind).includes(copy)) files.restore(kind, copy)
  else files.lose(kind)
}

function replace(installation: Installation, chance: Chance, kind: Kind, copy: string | undefined): void {
  const { gateway, cloud, databases } = installation
  const work = () => {
    const isLaidAside = isSpared(installation, chance, kind)
    if (isLaidAside && kind === "store") return
    databases.replace(`the ${kind} is ${copy === undefined ? "a new one" : "of earlier"}`, () => {
      if (isLaidAside) layAside(installation, chance)
      putBack(installation, kind, copy)
    })
  }
  installation.whileOff(kind === "spool" ? gateway : cloud, work, chance.pick(...OFF_MS))
}
