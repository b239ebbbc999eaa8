// `bun run move --to STORE`: moves what the cloud's store holds into another one, while no cloud runs and gateways wait.
import { systemClock } from "../clock"
import { type Ends, openEnds } from "../cloud/store/move/ends"
import { type Moved, move, type Progress } from "../cloud/store/move/move"
import { placeOf, type StorePlace } from "../cloud/store/open"
import { count } from "../format"
import { StorageRefused } from "../storage/errors"
import { isServerUrl, storeFault } from "../topology/cloud/server-url"
import type { Topology } from "../topology/topology"
import { dataPath } from "../topology/yaml/data-files"
import { COMMON_OPTIONS, UsageError, type Values } from "./arguments"
import { expectStoreHere, loadDeclared } from "./declared"
import { createScreen, type Screen } from "./screen"

export const name = "move"
export const summary = "Moves what the cloud's store holds into another one: a file, or a PostgreSQL server."
export const options = {
  to: { type: "string", value: "STORE", help: "where to: data/cloud.db, or postgres://meter@db.example/meter" },
  password: { type: "string", value: "FILE", help: "that server's password, such as keys/store, of mode 0600" },
  ...COMMON_OPTIONS,
} as const

const EXIT_INCOMPLETE = 1
const TELL_EVERY_MS = 2000

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { to, password } = values
  if (to === undefined) throw new UsageError("--to says where the store moves: --to postgres://meter@db.example/meter")
  const topology = await loadDeclared(values, screen)
  const target = readTarget(to, password, topology)
  expectStoreHere(topology)
  try {
    await using ends = await openEnds(placeOf(topology), target, {
      clock: systemClock,
      waits: (holder) => screen.info(`Waiting for half a minute at most: the store was in use just now by ${holder}`),
    })
    return tellOf(await move(ends, progressOn(screen)), ends, to, password, screen)
  } catch (error) {
    if (!(error instanceof StorageRefused)) throw error
    screen.error(`${error.message}; what was moved so far stays there, and the same again goes on`)
    return EXIT_INCOMPLETE
  }
}

/** As topology.yaml would have it. */
function readTarget(to: string, password: string | undefined, { cloud, folder }: Topology): StorePlace {
  const fault = storeFault(to)
  if (fault) throw new UsageError(`--to ${fault}`)
  const isServer = isServerUrl(to)
  if (password !== undefined && !isServer) throw new UsageError(`--password is a server's, and ${to} is a file`)
  const store = isServer ? to : dataPath(to, folder, process.env)
  if (store === cloud.store) throw new UsageError(`${to} is the store that is there: name another one behind --to`)
  return { store, password: password === undefined ? undefined : { kind: "file", path: password }, folder }
}

function progressOn(screen: Screen): (progress: Progress) => void {
  let toldAt = systemClock.monotonic()
  return ({ work, surveys, day }) => {
    if (systemClock.monotonic() - toldAt < TELL_EVERY_MS) return
    toldAt = systemClock.monotonic()
    screen.info(`${count(surveys, "day")} of devices ${work}, the last one of ${day}`)
  }
}

function tellOf(
  moved: Moved,
  { source, target }: Ends,
  to: string,
  password: string | undefined,
  screen: Screen,
): number {
  const { sites, surveys, readings, differences, moreDifferences } = moved
  if (differences.length > 0) {
    for (const difference of differences) screen.error(difference)
    if (moreDifferences > 0) screen.error(`and ${moreDifferences} more`)
    screen.error(
      `${target.shown} does not hold what ${source.shown} does, which is as it was: leave topology.yaml as it is`,
    )
    return EXIT_INCOMPLETE
  }
  screen.success(`Moved: ${count(sites, "site")}, ${count(surveys, "day")} of devices, ${count(readings, "reading")}`)
  screen.info(`  Now write into topology.yaml: cloud.store: ${to}`)
  if (password !== undefined) screen.info(`  and cloud.password: { file: ${password} }`)
  return 0
}
