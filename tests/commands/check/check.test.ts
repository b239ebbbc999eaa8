// What `check` says of surveys that cannot be read, whole: it is all that a person has to mend them by.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isRoot, mayNobodyRun, NOBODY, runAs, runCommand } from "../command"

const SURVEYS = [
  "gone.txt",
  "folder",
  "pipe",
  "latin.txt",
  "large.txt",
  "bad.txt",
  "gone.ts",
  "broken.ts",
  "lines.ts",
  "good.txt",
]
const HEAD = `sample: true
timeZone: Europe/Rome
limits: { survey: 1KiB }
schedule: { cron: "0 6 * * *" }
gateway: { interfaces: { devices: { address: 192.168.1.1/24 }, cloud: { address: 10.10.10.1/24 } } }
cloud: { address: 10.10.10.2 }
devices:
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-check-"))
  await mkdir(join(folder, "folder"))
  Bun.spawnSync(["mkfifo", join(folder, "pipe")])
  await writeFile(join(folder, "latin.txt"), Buffer.from("08:00 - 20 - 30%\n08:30 - 20 \xb0 - 30%\n", "latin1"))
  await writeFile(join(folder, "large.txt"), "\n".repeat(2000))
  await writeFile(join(folder, "bad.txt"), `08:00 - 20 - 30%\n08:00 - 20 - 30%\n${"noise\n".repeat(102)}`)
  await writeFile(join(folder, "broken.ts"), "export default (\n")
  await writeFile(join(folder, "lines.ts"), 'export const lines = "08:00 - 20 - 30%"\n')
  await writeFile(join(folder, "good.txt"), "08:00 - 20 - 30%\n")
  const devices = SURVEYS.map((survey, index) => `  - { ip: 192.168.1.${index + 2}, survey: ${survey} }\n`)
  await writeFile(join(folder, "topology.yaml"), HEAD + devices.join(""))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test("check names each survey that cannot be read with its place, and the first hundred lines that are refused", async () => {
  const { stdout, stderr, exit } = await runCommand(folder, "check")
  const said = stderr
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\S+ ✖ /, ""))
  const noise = (line: number) => `bad.txt:${line} A reading must be written "08:00 - 20 - 30%": it is noise`
  expect(said).toEqual([
    "topology.yaml:8 192.168.1.2: gone.txt not found",
    "topology.yaml:9 192.168.1.3: folder is a folder, not a file",
    "topology.yaml:10 192.168.1.4: pipe is not a regular file",
    "topology.yaml:11 192.168.1.5: latin.txt:2 is not UTF-8 text",
    "topology.yaml:12 192.168.1.6: large.txt has 2000 bytes, more than limits.survey allows (1024)",
    "bad.txt:2 Time must not come twice: it is 08:00",
    ...Array.from({ length: 99 }, (_, index) => noise(index + 3)),
    "bad.txt: 3 more lines refused",
    "topology.yaml:14 192.168.1.8: gone.ts not found",
    expect.stringMatching(/^topology\.yaml:15 192\.168\.1\.9: broken\.ts cannot be loaded: .+/),
    "topology.yaml:16 192.168.1.10: lines.ts has no default export (device, day) => text",
    expect.stringContaining(" Without keys: keep both legs on a network that you trust."),
    "topology.yaml is sound, its surveys are not: 109 problems; sample data, 10 devices, 10 surveys, 2 readings",
  ])
  const shown = "192.168.1.7, bad.txt\n  08:00 - 20 - 30%\n192.168.1.11, good.txt\n  08:00 - 20 - 30%\n"
  expect({ stdout, exit }).toEqual({ stdout: shown, exit: 2 })
})

test("check reads a file of several devices once, and tells each row that is refused once", async () => {
  const rows = [
    "08:00,bed1,20,30",
    "08:00,bed2,20,130",
    "0x:00,bed2,20,30",
    "08:00,bed9,20,130",
    '"09:00,bed1,20,30',
    "08:00,bed1,21,30",
  ]
  await writeFile(
    join(folder, "all.csv"),
    `Time,Who,T,H\n${rows
      .map((row) => `2026-03-01 ${row}\n`)
      .join("")
      .replace('2026-03-01 "', '"')}`,
  )
  const formats = `formats:
  all:
    time: { column: Time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T }
    humidity: { column: H }
    device: { column: Who }
`
  const devices = ["bed1", "bed2", "bde1"].map(
    (name, at) => `  - { ip: 192.168.1.${at + 2}, name: ${name}, survey: all.csv, format: all }\n`,
  )
  await writeFile(join(folder, "several.yaml"), formats + HEAD + devices.join(""))
  const { stdout, stderr } = await runCommand(folder, "check", "--topology", "several.yaml")
  expect(stdout).toBe("192.168.1.2 bed1, all.csv\n  2026-03-01 08:00 - 20 - 30%\n")
  expect(stderr.replaceAll(/^\S+T\S+ /gm, "").split("\n")).toEqual([
    "✖ all.csv:7 Time must not come twice with other values: it is 08:00",
    "✖ all.csv:6 A quote must be closed on its line",
    "✖ all.csv:3 Humidity must be 0 to 100 %: it is 130",
    "✖ all.csv:4 Time must be written yyyy-MM-dd HH:mm: it is 2026-03-01 0x:00",
    "✖ all.csv has no readings of bde1, did you mean bed1?",
    "Without keys: keep both legs on a network that you trust.",
    "✖ several.yaml is sound, its surveys are not: 5 problems; sample data, 3 devices, 3 surveys, 1 reading",
    "",
  ])
})

test("check reads scripts and files of others, shows the last three readings, and asks for an export", async () => {
  await writeFile(join(folder, "tank.ts"), 'export default () => "08:00 - 20 - 30%\\n09:00 - 20 - 130%"')
  const rows = ["08:00,31,20", "09:00,32,21", "10:00,33,22", "11:00,34,23", "12:00,35,230", "13:00,--,--"]
  const head = "Time,Soil Moisture CH1(%),Soil Temperature CH1(℃)\n"
  await writeFile(join(folder, "soil.csv"), head + rows.map((row) => `2026-03-01 ${row}\n`).join(""))
  const devices = `  - { ip: 192.168.1.2, name: tank, survey: tank.ts }
  - { ip: 192.168.1.3, name: bed, survey: soil.csv, format: ecowitt }
`
  await writeFile(join(folder, "others.yaml"), HEAD + devices)
  const { stdout, stderr, exit } = await runCommand(folder, "check", "--topology", "others.yaml")
  expect(stdout.split("\n")).toEqual([
    "192.168.1.2 tank, tank.ts",
    "  08:00 - 20 - 30%",
    "192.168.1.3 bed, soil.csv",
    "  2026-03-01 09:00 - 21 - 32%",
    "  2026-03-01 10:00 - 22 - 33%",
    "  2026-03-01 11:00 - 23 - 34%",
    "",
  ])
  expect(stderr.replaceAll(/^\S+T\S+ /gm, "").split("\n")).toEqual([
    "✖ tank.ts:2 Humidity must be 0 to 100 %: it is 130",
    "✖ soil.csv:6 Temperature must be -90 to 90 °C: it is 230",
    "The ready-made format ecowitt is untried on a real export: please send one to whoever keeps this programme",
    "Without keys: keep both legs on a network that you trust.",
    "✖ others.yaml is sound, its surveys are not: 2 problems; sample data, 2 devices, 2 surveys, 5 readings",
    "",
  ])
  expect(exit).toBe(2)
})

test("check names the file of several in which a row is refused, and what a file without values lacks", async () => {
  const row = (day: number, T: unknown) => `{"t":"2026-03-0${day}T08:00:00Z","T":${T},"H":30}\n`
  await writeFile(join(folder, "bed-1.jsonl"), row(1, 20) + row(2, 200))
  await writeFile(join(folder, "bed-2.jsonl"), row(3, 22))
  await writeFile(join(folder, "other.jsonl"), row(1, 20))
  const topology = `formats:
  own: { kind: json, time: { path: t }, temperature: { path: T }, humidity: { path: H } }
  other: { kind: json, time: { path: t }, temperature: { path: temperature }, humidity: { path: H } }
${HEAD}  - { ip: 192.168.1.2, name: bed, survey: "bed-*.jsonl", format: own }
  - { ip: 192.168.1.3, name: other, survey: other.jsonl, format: other }
  - { ip: 192.168.1.4, name: gone, survey: "gone-*.jsonl", format: own }
`
  await writeFile(join(folder, "several.yaml"), topology)
  const { stdout, stderr, exit } = await runCommand(folder, "check", "--topology", "several.yaml")
  expect(stdout.split("\n")).toEqual([
    "192.168.1.2 bed, bed-*.jsonl",
    "  2026-03-01 09:00 - 20 - 30%",
    "  2026-03-03 09:00 - 22 - 30%",
    "",
  ])
  expect(
    stderr
      .replaceAll(/^\S+T\S+ ✖ /gm, "")
      .split("\n")
      .slice(0, 3),
  ).toEqual([
    "bed-1.jsonl:2 Temperature must be -90 to 90 °C: it is 200",
    "other.jsonl has 1 row, and nothing at temperature",
    "several.yaml:13 192.168.1.4: gone-*.jsonl not found: no file has such a name",
  ])
  expect(exit).toBe(2)
})

test("check says who cannot be told: a script, a secret that is not there; and tells nobody", async () => {
  const told = await mkdtemp(join(folder, "told-"))
  await writeFile(join(told, "good.txt"), "08:00 - 20 - 30%\n")
  await writeFile(join(told, "good.ts"), `export default () => Bun.write("${told}/called", "")`)
  await writeFile(join(told, "bad.ts"), "export const notify = () => {}")
  const write = (alerts: string) =>
    writeFile(join(told, "topology.yaml"), `alerts: ${alerts}\n${HEAD}  - { ip: 192.168.1.2, survey: good.txt }\n`)
  const check = async () => {
    const { stderr, exit } = await runCommand(told, "check")
    return { said: stderr.trimEnd().split("\n"), exit }
  }
  const smtp =
    "smtp: { host: smtp.example.org, user: me, password: { file: keys/smtp }, from: me@example.org, ca: ca.pem }"
  await write(`{ to: [good.ts, bad.ts, gone.ts, $SMART_METER_CHAT, "mailto:me@example.org"], ${smtp} }`)
  const { said, exit } = await check()
  expect(said.map((line) => line.replace(/^\S+ (?=[✖⚠W])/, ""))).toEqual([
    "Without keys: keep both legs on a network that you trust.",
    "✖ topology.yaml alerts.to[1]: bad.ts has no default export (event) => …",
    "✖ topology.yaml alerts.to[2]: gone.ts is not there: check alerts.to",
    "⚠ topology.yaml alerts.to[3]: $SMART_METER_CHAT is not set: the cloud's service needs it in its environment",
    "✖ topology.yaml alerts.smtp.password: keys/smtp is not there: write the secret into it",
    "✖ topology.yaml alerts.smtp.ca: ca.pem is not there, or may not be read",
    expect.stringMatching(/^✖ topology\.yaml: .*; 4 problems of alerts$/),
  ])
  expect(exit).toBe(2)
  await write("{ to: [good.ts] }")
  expect((await check()).exit).toBe(0)
  expect(await Bun.file(join(told, "called")).exists()).toBe(false)
})

test("a secret's file that others may read is a mistake of topology.yaml, wherever it is read", async () => {
  const told = await mkdtemp(join(folder, "open-"))
  await writeFile(join(told, "secret"), "hunter22", { mode: 0o640 })
  const smtp = "smtp: { host: smtp.example.org, user: me, password: { file: secret }, from: me@example.org }"
  await writeFile(join(told, "topology.yaml"), `alerts: { ${smtp} }\n${HEAD}  - { ip: 192.168.1.2 }\n`)
  for (const command of ["check", "status", "alerts"]) {
    const { stderr, exit } = await runCommand(told, command)
    expect(stderr).toContain(
      "topology.yaml:1:63 alerts.smtp.password: names a file that others may read: give it mode 0600 by chmod 600",
    )
    expect(exit).toBe(2)
  }
  await chmod(join(told, "secret"), 0o600)
  expect((await runCommand(told, "check")).exit).toBe(0)
})

test("every problem of a file of sites is told without a stack, exit 2", async () => {
  const yaml = HEAD.replace("10.10.10.2", "10.10.10.2, sites: sites.txt")
  await writeFile(join(folder, "sites.yaml"), `${yaml}  - { ip: 192.168.1.2, survey: good.txt }\n`)
  await writeFile(join(folder, "sites.txt"), "site\nbarn 10.0.0.300\nfarm-b\n")
  const { stdout, stderr, exit } = await runCommand(folder, "check", "--topology", "sites.yaml")
  expect(stderr.split("\n").filter((line) => /^\S|^ +at /.test(line))).toEqual([
    'sites.txt:2:6 from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0.300"',
    "sites.txt:3:1 farm-b is another site: say from where it may deliver, as farm-b 203.0.113.0/24",
  ])
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
})

test.skipIf(isRoot && !mayNobodyRun())("a file of sites that this user may not read is told, exit 2", async () => {
  const yaml = HEAD.replace("10.10.10.2", "10.10.10.2, sites: secret.txt")
  await writeFile(join(folder, "closed.yaml"), `${yaml}  - { ip: 192.168.1.2, survey: good.txt }\n`)
  await writeFile(join(folder, "secret.txt"), "site\n")
  await chmod(folder, 0o755)
  await chmod(join(folder, "secret.txt"), 0)
  const { stderr, exit } = await runAs(NOBODY, folder, "check", "--topology", "closed.yaml")
  expect(stderr).toContain(
    "closed.yaml:6:38 cloud.sites: secret.txt may not be read: give this user leave to read it\n",
  )
  expect(exit).toBe(2)
})
