// What `check` says of surveys that cannot be read, whole: it is all that a person has to mend them by.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runCommand } from "./command"

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
    "topology.yaml is sound, its surveys are not: 109 problems; sample data, 10 devices, 10 surveys, 2 readings",
  ])
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
})
