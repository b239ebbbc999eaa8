// An import that is killed in the middle, and started again: all of its readings are in the store, each once.
import { Database } from "bun:sqlite"
import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Network } from "../../../src/network"
import { MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { MAIN, runCommand } from "../command"

const READINGS = 150_000 // a reading a minute: three times what is kept until it is sent
const DAYS = Math.ceil(READINGS / 1440)
const START_MS = Date.UTC(2023, 9, 30) // in UTC+1, no change of the clock until the end
const FORMAT = `formats:
  own: { time: { column: time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }, temperature: { column: T }, humidity: { column: H } }
`
const WITHIN_MS = 60_000

const readings = Array.from({ length: READINGS }, (_, minute) => {
  const time = new Date(START_MS + minute * 60_000).toISOString()
  return { day: time.slice(0, 10), time: time.slice(11, 16), T: (minute % 900) / 10, H: minute % 101 }
})

let site: Site
beforeEach(async () => {
  site = await Site.make({ extra: FORMAT, grace: "1s" })
  const rows = readings.map(({ day, time, T, H }) => `${day} ${time},${T},${H}\n`)
  await Bun.write(join(site.folder, "history.csv"), `time,T,H\n${rows.join("")}`)
})
afterEach(() => site[Symbol.asyncDispose]())

const ARGUMENTS = ["import", "history.csv", "--device", "tomatoes", "--format", "own"]

/** Of how many days of that history the spool has something; undefined where it cannot be asked just now. */
function spooled(): number | undefined {
  const { spool } = site.topology.gateway
  if (!existsSync(spool)) return 0
  using database = new Database(spool, { readonly: true })
  try {
    return Number(database.query("SELECT count(DISTINCT day) FROM surveys WHERE day < '2025'").values()[0]?.[0])
  } catch {
    return undefined // its tables are not there yet, or it is busy
  }
}

/** Kills an import as soon as some more of it is in the spool. */
async function killInTheMiddle(): Promise<void> {
  const before = spooled() ?? 0
  const child = Bun.spawn([process.execPath, MAIN, ...ARGUMENTS], {
    cwd: site.folder,
    stdout: "ignore",
    stderr: "ignore",
  })
  while ((spooled() ?? before) === before && child.exitCode === null) await Bun.sleep(1)
  child.kill("SIGKILL")
  await child.exited
  expect(child.signalCode).toBe("SIGKILL")
  expect(spooled()).toBeWithin(before + 1, DAYS)
}

async function finish(): Promise<void> {
  const { stderr, exit } = await runCommand(site.folder, ...ARGUMENTS)
  expect(stderr).toMatch(new RegExp(`history.csv: ${READINGS} readings in \\d+ surveys, \\d+ new or changed`))
  expect(exit).toBe(0)
  expect((await runCommand(site.folder, ...ARGUMENTS)).stderr).toContain("nothing new or changed")
}

async function expectStored(): Promise<void> {
  const stored = (await site.stored()).filter((line) => line < "2025")
  const wrong = stored.findIndex((line, at) => {
    const { day, time, T, H } = Object(readings[at])
    return line !== `${day} 192.168.1.2 ${time} ${T} ${H}`
  })
  expect({ readings: stored.length, wrong: stored[wrong] }).toEqual({ readings: READINGS, wrong: undefined })
}

test(
  "while the network runs",
  async () => {
    await using network = await Network.start(site.topology, site.options)
    await killInTheMiddle()
    await finish()
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
    await expectStored()
  },
  WITHIN_MS,
)

test(
  "while no gateway runs, twice",
  async () => {
    await (await Network.start(site.topology, site.options)).stop()
    await killInTheMiddle()
    await killInTheMiddle()
    await finish()
    await using network = await Network.start(site.topology, site.options)
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
    await expectStored()
  },
  WITHIN_MS,
)
