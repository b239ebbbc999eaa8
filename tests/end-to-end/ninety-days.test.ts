// Ninety days of the sample, of loggers of every kind, and of such that die: no healthy one is ever ✖, a dead one from its
// first day on.
import { expect, test } from "bun:test"
import { Network } from "../../src/network"
import { addDays, type Day, dayBefore } from "../../src/survey/calendar"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site } from "./fixture"

const DAYS = 90
const DIES_ON = 45
const SENSOR_DIES_ON = 88 // whoever sends by itself is waited for, in real time
const WITHIN_MS = 120_000
const TIME_ZONE = "Europe/Rome"

const SCRIPT = `import { readFileSync } from "node:fs"
export default (device, day) => {
  if (existsOn(device.name, day)) return "08:00 - 20 - 30%\\n23:30 - " + (Number(day.slice(8)) % 30) + " - 30%\\n"
  throw new Error("the logger does not answer")
}
const existsOn = (name, day) => readFileSync(new URL("alive-" + name, import.meta.url), "utf8").includes(day)
`

/** Of one kind a healthy one and one that dies. */
const KINDS = ["nightly", "appended", "daily", "script", "sensor"] as const
type Kind = (typeof KINDS)[number]
const SURVEYS: Readonly<Record<Kind, string>> = {
  nightly: ", survey: 'nightly-{ip}.txt'",
  appended: ", survey: 'appended-{ip}.txt'",
  daily: ", survey: 'daily-{ip}-{day}.txt'",
  script: ", survey: script.ts",
  sensor: "",
}
const LOGGERS = KINDS.flatMap((kind, index) => [
  { kind, ip: `192.168.1.${10 + index}`, diesOn: DAYS },
  { kind, ip: `192.168.1.${20 + index}`, diesOn: kind === "sensor" ? SENSOR_DIES_ON : DIES_ON },
])
const DEVICES = LOGGERS.map(({ kind, ip }) => `{ ip: ${ip}, name: "${kind}-${ip}"${SURVEYS[kind]} }`)

/** What a logger has measured by the end of a day. */
const readingsOf = (day: Day) =>
  `08:00 - ${Number(day.slice(8)) % 30} - 30%\n23:30 - 21 - ${Number(day.slice(5, 7))}%\n`

const at = (day: Day, time: string) => Temporal.ZonedDateTime.from(`${day}T${time}[${TIME_ZONE}]`).epochMilliseconds

/** A logger's doing of one day, until the next morning. */
async function measure(site: Site, port: number, { kind, ip }: (typeof LOGGERS)[number], day: Day): Promise<void> {
  const text = readingsOf(day)
  if (kind === "nightly") await site.write(`nightly-${ip}.txt`, text, at(addDays(day, 1), "00:10"))
  else if (kind === "appended") await site.write(`appended-${ip}.txt`, text, at(day, "23:30"))
  else if (kind === "daily") await site.write(`daily-${ip}-${day}.txt`, text, at(day, "23:30"))
  else if (kind === "script") await site.write(`alive-script-${ip}`, day)
  else await send(ip, text, port)
}

/** As plain text, from the sensor's own address; resolves with the gateway's answer. */
async function send(ip: string, text: string, port: number): Promise<void> {
  const answered = Promise.withResolvers<string>()
  const socket = await Bun.udpSocket({
    hostname: ip.replace(/^192/, "127"),
    socket: { data: (_socket, answer) => answered.resolve(answer.toString()) },
  })
  const lines = text.trimEnd().split("\n")
  socket.send(lines.map((line) => `${ip} ${line}`).join("\n"), port, "127.168.1.1")
  expect(await answered.promise).toBe("Surveys arrived")
  socket.close()
}

test.skipIf(process.platform !== "linux")(
  "five kinds of loggers: no healthy one is ever missing, one that died is from the first day",
  async () => {
    const extra = "limits: { quarantine: 100 }"
    await using site = await Site.make({
      devices: DEVICES,
      files: { "script.ts": SCRIPT },
      sample: false,
      extra,
    })
    for (const { kind, ip } of LOGGERS) if (kind === "script") await site.write(`alive-script-${ip}`, "")
    await using network = await Network.start(site.topology, site.options)
    for (let day = 0; day < DAYS; day++) {
      const scheduledAt = at(addDays("2026-11-23", day), "06:00")
      site.clock.forward(scheduledAt - site.clock.now())
      const yesterday = dayBefore(scheduledAt, TIME_ZONE)
      const alive = LOGGERS.filter(({ diesOn }) => day < diesOn)
      for (const logger of alive) await measure(site, network.ports.gateway, logger, yesterday)
      const { missing, complete } = await network.collect({ scheduledAt })
      const dead = LOGGERS.filter(({ diesOn }) => day >= diesOn)
      expect([day, missing.map(({ device }) => device.ip)]).toEqual([day, dead.map(({ ip }) => ip)])
      expect(complete).toBe(dead.length === 0)
      if (day === DIES_ON) {
        expect(missing.map(({ reason }) => reason)).toEqual([
          expect.stringMatching(/^nightly-192\.168\.1\.20\.txt was last written on 6 January$/),
          expect.stringMatching(/^appended-192\.168\.1\.21\.txt was last written on 5 January$/),
          expect.stringMatching(/^daily-192\.168\.1\.22-2027-01-06\.txt not found$/),
          expect.stringMatching(/^script\.ts.*the logger does not answer$/),
        ])
      }
    }
    expect(await site.stored()).toHaveLength(2 * LOGGERS.reduce((days, { diesOn }) => days + diesOn, 0))
  },
  WITHIN_MS,
)

test(
  "the sample, whose files never change: every day is complete",
  async () => {
    await using site = await Site.make({ sample: true, files: {} })
    for (const [name, text] of Object.entries(SAMPLE)) await site.write(name, text, 0)
    await using network = await Network.start(site.topology, site.options)
    for (let day = 0; day < DAYS; day++) {
      const summary = await network.collect({ scheduledAt: MONDAY_AT_SIX + day * DAY_MS })
      expect(summary).toMatchObject({ complete: true, stored: 8, missing: [] })
      site.clock.forward(DAY_MS)
    }
  },
  WITHIN_MS,
)
