// Days of files that others write: exports that lag behind, days that are imported while they last, a zone that changes.
import { Database } from "bun:sqlite"
import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { askGateway } from "../../src/commands/ask"
import { loadTopology, Network, type Topology } from "../../src/network"
import { addDays, type Day } from "../../src/survey/calendar"
import { runCommand } from "../commands/command"
import { DAY_MS, MONDAY_AT_SIX, Site } from "./fixture"

const FORMATS = `formats:
  own:
    time: { column: time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T }
    humidity: { column: H }
`
const FILE = "export/bed.csv"
const ONE = [`{ ip: 192.168.1.2, name: tomatoes, survey: ${FILE}, format: own }`]
const SUNDAY: Day = "2026-11-22"
const HEAD = "time,T,H\n"
const TOMATOES = 0xc0a80102

const make = () => Site.make({ devices: ONE, files: {}, extra: FORMATS, sample: false })
const hour = (at: number) => String(at).padStart(2, "0")
/** A reading an hour, from midnight of the one day until this hour of the other. */
function rows(from: Day, to: Day, until: number): string {
  let text = ""
  for (let day = from; day <= to; day = addDays(day, 1)) {
    for (let at = 0; at < (day === to ? until : 24); at++) text += `${day} ${hour(at)}:00,${at},50\n`
  }
  return text
}
const countOf = async (site: Site, day: Day) => (await site.stored()).filter((row) => row.startsWith(day)).length
const warnings = (site: Site) => site.logged.filter((line) => !line.startsWith("info"))

describe("a file of which a day's rest comes later", () => {
  test("has every reading stored, a day later where the export lags behind the run", async () => {
    await using site = await make()
    await using network = await Network.start(site.topology, site.options)
    for (let day = SUNDAY; day < "2026-11-26"; day = addDays(day, 1)) {
      await site.write(FILE, HEAD + rows(SUNDAY, day, 19))
      expect(await network.collect()).toMatchObject({
        day,
        missing: [],
        complete: true,
      })
      expect([await countOf(site, day), await countOf(site, addDays(day, -1))]).toEqual([19, day === SUNDAY ? 0 : 24])
      site.clock.forward(DAY_MS)
    }
    expect(warnings(site)).toEqual([])
  })

  test("costs no more than one upload a day where the export ends with the day, and none where it goes on", async () => {
    await using site = await make()
    await using network = await Network.start(site.topology, site.options)
    for (let day = SUNDAY; day < "2026-11-26"; day = addDays(day, 1)) {
      await site.write(FILE, HEAD + rows(SUNDAY, day, 24))
      await network.collect()
      site.clock.forward(DAY_MS)
    }
    const sent = site.uploads.map(({ day }) => day)
    expect(sent).toEqual(["22", "22", "23", "23", "24", "24", "25"].map((date) => `2026-11-${date}` as Day))
    await site.write(FILE, HEAD + rows(SUNDAY, "2026-11-27", 6))
    await network.collect()
    await network.collect()
    expect(site.uploads.slice(sent.length).map(({ day }) => day.slice(-2))).toEqual(["25", "26", "26"])
  })

  test("is asked for no more where the export holds one day only, and nobody is told that it is owed", async () => {
    await using site = await make()
    await using network = await Network.start(site.topology, site.options)
    for (let day = SUNDAY; day < "2026-11-25"; day = addDays(day, 1)) {
      await site.write(FILE, HEAD + rows(day, day, 24))
      expect(await network.collect()).toMatchObject({ day, complete: true })
      site.clock.forward(DAY_MS)
    }
    expect(site.uploads.map(({ day }) => day.slice(-2))).toEqual(["22", "23", "24"])
    expect(warnings(site)).toEqual([])
    using spool = new Database(site.topology.gateway.spool, { readonly: true })
    expect(spool.query("SELECT date((slot >> 32) * 86400, 'unixepoch') FROM again").values()).toEqual([["2026-11-24"]])
  })

  test("comes whole though its first hours were imported while it lasted, also when its own run was missed", async () => {
    await using site = await make()
    const MONDAY: Day = "2026-11-23"
    await site.write(FILE, HEAD + rows(SUNDAY, MONDAY, 5))
    {
      await using network = await Network.start(site.topology, site.options)
      await network.collect()
      const request = {
        ask: "import" as const,
        surveys: [{ address: TOMATOES, day: MONDAY, text: "04:00 - 4 - 50%\n" }],
      }
      expect((await askGateway(request, site.topology.gateway.spool))?.status).toBe(200)
    }
    site.clock.forward(2 * DAY_MS)
    await site.write(FILE, HEAD + rows(SUNDAY, "2026-11-25", 5))
    await using network = await Network.start(site.topology, site.options)
    await network.recordMissed(MONDAY_AT_SIX + DAY_MS)
    await network.collect()
    expect([await countOf(site, MONDAY), await countOf(site, "2026-11-24")]).toEqual([24, 24])
  })
})

describe("after timeZone was changed", () => {
  /** The same in New York. */
  async function moved(site: Site): Promise<Topology> {
    const file = join(site.folder, "topology.yaml")
    await Bun.write(file, (await Bun.file(file).text()).replace("Europe/Rome", "America/New_York"))
    return loadTopology(file, {})
  }

  test("a day that was measured in the old zone is read in it", async () => {
    await using site = await make()
    await site.write(FILE, HEAD + rows(SUNDAY, SUNDAY, 20))
    {
      await using network = await Network.start(site.topology, site.options)
      await network.collect()
    }
    await site.write(FILE, HEAD + rows(SUNDAY, "2026-11-24", 24))
    site.clock.forward(DAY_MS + 8 * 3_600_000)
    const topology = await moved(site)
    await using network = await Network.start(topology, site.options)
    expect(await network.collect()).toMatchObject({
      day: "2026-11-23",
      complete: true,
    })
    const sunday = (await site.stored()).filter((row) => row.startsWith(SUNDAY))
    expect(sunday).toEqual(Array.from({ length: 24 }, (_, at) => `${SUNDAY} 192.168.1.2 ${hour(at)}:00 ${at} 50`))
    // six in the morning here was midnight there
    expect(await site.stored()).toContain("2026-11-23 192.168.1.2 00:00 6 50")
  })

  test("import goes by the zone of each day, also of a gateway that was not started again", async () => {
    await using site = await make()
    await site.write("history/2024.csv", HEAD + rows("2024-02-27", "2024-02-28", 24))
    const text = HEAD + rows("2024-02-27", "2024-03-01", 24)
    await site.write("history/more.csv", text)
    await using running = await Network.start(site.topology, site.options)
    await running.collect()
    const topology = await moved(site)
    const run = (name: string) => runCommand(site.folder, "import", name, "--device", "tomatoes")
    expect(await run("history/2024.csv")).toMatchObject({ exit: 0 })
    await running.stop()
    {
      await using _network = await Network.start(topology, site.options)
    }
    expect(await run("history/2024.csv")).toMatchObject({
      stderr: expect.stringContaining("48 readings in 2 surveys, nothing new or changed"),
    })
    // 23:00 to 05:00 UTC, between the end of the day here and its beginning there
    expect(await run("history/more.csv")).toMatchObject({
      stderr: expect.stringContaining("6 readings of hours that are of no day, as timeZone was changed then"),
      exit: 1,
    })
    using spool = new Database(site.topology.gateway.spool, { readonly: true })
    const bodies = new Map(
      spool
        .query<{ day: Day; body: string }, []>("SELECT day, body FROM surveys")
        .all()
        .map(({ day, body }) => [day, body]),
    )
    for (const day of ["2024-02-27", "2024-02-28"] as const) {
      expect(bodies.get(day)).toBe(Array.from({ length: 24 }, (_, at) => `${hour(at)}:00 - ${at} - 50%\n`).join(""))
    }
    expect(bodies.get("2024-02-29")).toStartWith("00:00 - 6 - 50%\n")
  })
})

test("rows of a foreign file that are refused are counted in their run's summary, and kept in quarantine", async () => {
  await using site = await make()
  const bad = `${SUNDAY} 03:00,20,130\n${SUNDAY} 04:00,200,30\n`
  await site.write(FILE, HEAD + rows(SUNDAY, SUNDAY, 3) + bad)
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ readings: 3, refusedLines: 2, complete: true })
  // that day comes once more, with the same rows
  await site.write(FILE, HEAD + rows(SUNDAY, SUNDAY, 3) + bad + rows("2026-11-23", "2026-11-23", 3))
  site.clock.forward(DAY_MS)
  expect(await network.collect()).toMatchObject({ readings: 3, refusedLines: 0, complete: true })
  expect(site.uploads).toHaveLength(3)
  using spool = new Database(site.topology.gateway.spool, { readonly: true })
  const kept = spool.query("SELECT kind, reason, cast(bytes AS TEXT) AS text FROM quarantine ORDER BY id").all()
  const [humidity, temperature] = bad.split("\n")
  expect(kept).toEqual([
    { kind: "line", reason: `${FILE}:5 Humidity must be 0 to 100 %: it is 130`, text: humidity },
    { kind: "line", reason: `${FILE}:6 Temperature must be -90 to 90 °C: it is 200`, text: temperature },
  ])
})
