// Crash on PostgreSQL: the same cycles, the cloud's store on a server. The server goes on when its client is killed, so that
// the cloud is killed above all: between what it sends to the server and what it tells its gateways.
import { chownSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Random } from "../../../../src/clock"
import { missingPostgres, PostgresServer, postgresUser } from "../../../postgres"
import type { TortureSuite } from "../../suite"
import { makeRoot, wage } from "../campaign"
import type { CrashCase, Role, Start } from "../kill"
import { type Course, plan } from "../plan"
import { COLLECTION, DIFFERED, type Fault, TRIES } from "../planted"
import { missingToCrash } from "../suite"
import { postgresEngine } from "./engine"

const FULL_KILLS = 5000
const OTHER_EVERY = 5 // one of so many kills is not the cloud's

const KINDS: readonly (readonly [Role, Start])[] = [
  ["cloud", "fresh"],
  ["cloud", "kept"],
  ["gateway", "kept"],
  ["device", "fresh"],
]

const FAULTS: readonly Fault[] = [
  {
    fault: "acknowledge before commit, in the cloud",
    file: "acknowledge-before-server-commits",
    cycle: { role: "cloud", start: "kept" },
    kills: Array(TRIES).fill({ at: "acknowledgement", index: COLLECTION }),
    shows: DIFFERED,
  },
]

export const crashPostgres: TortureSuite = {
  name: "crash-postgres",
  short: 50 / FULL_KILLS,
  missing: () => missingPostgres ?? missingToCrash(),
  async run({ scale, ...options }) {
    const kills = Math.max(1, Math.round(FULL_KILLS * scale))
    // in memory: the cloud takes no server whose fsync is off, and no power is cut here
    const root = makeRoot()
    try {
      if (postgresUser !== undefined) chownSync(root, postgresUser, postgresUser)
      await using server = await PostgresServer.start({ data: join(root, "data") })
      const engine = postgresEngine(server)
      return await wage(
        { name: "crash-postgres", engine, kinds: KINDS, plan: mostly, faults: () => FAULTS, kills },
        options,
      )
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  },
}

/** The cloud's kills, and one of another role's now and then. */
function* mostly(courses: readonly Course[], random: Random): Generator<CrashCase> {
  const { ofTheCloud = [], others = [] } = Object.groupBy(courses, ({ role }) =>
    role === "cloud" ? "ofTheCloud" : "others",
  )
  const [most, some] = [plan(ofTheCloud, random), plan(others, random)]
  for (let turn = 1; ; turn++) {
    const { value, done } = (turn % OTHER_EVERY === 0 ? some : most).next()
    if (!done) yield value
  }
}
