// `bun run import` that a kill -9 ends, once and again, and that is started once more.
import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { addDays, type Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { Site, until } from "../../end-to-end/fixture"
import { MAIN, runCommand } from "../command"

const FORMATS = `formats:
  own:
    time: { column: time, pattern: "yyyy-MM-dd HH:mm", zone: Europe/Rome }
    temperature: { column: T }
    humidity: { column: H }
    device: { column: who }
`
const DEVICES = 12
const DAYS = 300
const KILLS = 3
const SKIPPED = 2 // the hour that the clock leaves out in spring
const FIRST: Day = "2016-01-01"

/** What the spool should have, by address and day, and a file that says so. */
function history() {
  const expected = new Map<string, string>()
  const rows = ["time,who,T,H"]
  for (let index = 0, day = FIRST; index < DAYS; index++, day = addDays(FIRST, index)) {
    for (let device = 2; device < 2 + DEVICES; device++) {
      const ip = `192.168.1.${device}`
      let body = ""
      for (let hour = 0; hour < 24; hour++) {
        if (hour === SKIPPED) continue
        const time = `${String(hour).padStart(2, "0")}:00`
        const value = (index * 7 + device * 3 + hour) % 90
        rows.push(`${day} ${time},${ip},${value},${hour}`)
        body += `${time} - ${value} - ${hour}%\n`
      }
      expected.set(`${ip} ${day}`, body)
    }
  }
  return { expected, text: `${rows.join("\n")}\n` }
}

function stored(spool: string): Map<string, string> {
  using sqlite = new Database(spool, { readonly: true })
  const rows = sqlite.query<{ address: number; day: Day; body: string }, []>("SELECT address, day, body FROM surveys")
  return new Map(rows.all().map(({ address, day, body }) => [`${formatAddress(address)} ${day}`, body]))
}

test("an import that is killed again and again, and started once more, ends with the same", async () => {
  const { expected, text } = history()
  const devices = [`{ ip: 192.168.1.2-192.168.1.${1 + DEVICES} }`]
  await using site = await Site.collected({ devices, files: { "old.csv": text }, extra: FORMATS })
  const { spool } = site.topology.gateway
  const args = ["import", "old.csv", "--format", "own"]
  const counts = [0]
  using sqlite = new Database(spool, { readonly: true })
  const count = () => sqlite.query<{ n: number }, []>("SELECT count(*) AS n FROM surveys").get()?.n ?? 0
  for (let kill = 1; kill <= KILLS; kill++) {
    const child = Bun.spawn([process.execPath, MAIN, ...args], { cwd: site.folder, stdout: "ignore", stderr: "ignore" })
    const target = Math.floor((expected.size * kill) / (KILLS + 2))
    await until(() => count() >= target || child.exitCode !== null)
    child.kill("SIGKILL")
    await child.exited
    counts.push(count())
  }
  // each was in the middle
  expect(counts.every((each, index) => each < expected.size && (index === 0 || each > (counts[index - 1] ?? 0)))).toBe(
    true,
  )
  expect(await runCommand(site.folder, ...args)).toMatchObject({ exit: 0 })
  expect(stored(spool)).toEqual(expected)
  expect((await runCommand(site.folder, ...args)).stderr).toContain("nothing new or changed")
}, 60_000)
