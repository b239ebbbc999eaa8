// The executable that `bun run build` makes does what `bun run` does, survey scripts included.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { version } from "../../package.json"
import { MailServer } from "../alerts/mail-server"

const MAIN = resolve(import.meta.dir, "../../src/main.ts")
const SCHEMA = resolve(import.meta.dir, "../../src/topology/topology.schema.json")
const FROM_SOURCE = [process.execPath, MAIN]
const LISTING = "192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.3 - 09:00 - 1.5 - 3%\n"
const FILES = {
  "topology.yaml": `timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: 2s }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: 0 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2, port: 0 }
devices:
  - { ip: 192.168.1.2, survey: tomatoes.txt }
  - { ip: 192.168.1.3, survey: sensors/tank.ts }
`,
  "tomatoes.txt": "08:00 - 20 - 30%\n",
  "sensors/tank.ts": `import type { SurveySource } from "../src/device/source"
import { scale } from "gauge"
import { litres } from "./litres"
export default (async (device) => \`09:00 - \${scale(litres)} - \${device.ip.split(".")[3]}%\`) satisfies SurveySource
`,
  "sensors/litres.ts": "export const litres: number = 15\n",
  "node_modules/gauge/package.json": `{ "name": "gauge", "type": "module", "exports": { ".": "./scale.js" } }`,
  "node_modules/gauge/scale.js": "export const scale = (value) => value / 10\n",
}

let folder: string
let executable: readonly string[]
let built: Awaited<ReturnType<typeof run>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-build-"))
  await mkdir(join(folder, "sensors"))
  await mkdir(join(folder, "node_modules/gauge"), { recursive: true })
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text)
  executable = [join(folder, "out/smart-meter")]
  built = await run(FROM_SOURCE, ["build", "--outfile", "out/smart-meter", "--topology", "topology.yaml"])
}, 30_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(programme: readonly string[], args: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([...programme, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { stdout, stderr, exit }
}

test("build leaves one file and says where", async () => {
  expect(built).toMatchObject({ stdout: "", exit: 0 })
  expect(built.stderr).toContain(`✔ ${executable[0]}: `)
  expect(await readdir(join(folder, "out"))).toEqual(["smart-meter"])
})

test("the executable collects as the source does, with a script that imports a file and a package", async () => {
  const compiled = await run(executable, ["start", "--once"], { STATE_DIRECTORY: join(folder, "compiled") })
  const source = await run(FROM_SOURCE, ["start", "--once"], { STATE_DIRECTORY: join(folder, "source") })
  expect(compiled).toMatchObject({ stdout: LISTING, exit: 0 })
  expect(source).toMatchObject({ stdout: LISTING, exit: 0 })
  expect(await readdir(join(folder, "compiled"))).toContain("cloud.db")
})

test.each([
  [["check"], 0],
  [["start", "--onec"], 2],
  [["start", "--once", "--topology", "nowhere.yaml"], 2],
  [["readings", "--format", "csv"], 2],
])("%j ends in the executable as in the source", async (args, exit) => {
  const state = { STATE_DIRECTORY: join(folder, "empty") }
  const [compiled, source] = await Promise.all([run(executable, args, state), run(FROM_SOURCE, args, state)])
  expect({ ...compiled, stderr: withoutTime(compiled.stderr) }).toEqual({
    ...source,
    stderr: withoutTime(source.stderr),
  })
  expect(compiled.exit).toBe(exit)
})

test("the executable's help and unit name the executable", async () => {
  expect((await run(executable, ["--help"])).stderr).toContain("  smart-meter start ")
  const { stdout } = await run(executable, ["service", "cloud"])
  expect(stdout).toContain(`\nExecStart=${executable[0]} start cloud --topology /etc/smart-meter/topology.yaml\n`)
  expect((await run(executable, ["service", "--schema"])).stdout).toBe(await Bun.file(SCHEMA).text())
})

test("the executable writes a topology without the schema, which it does not hold", async () => {
  expect(await run(executable, ["init", "own"])).toMatchObject({ stdout: "", exit: 0 })
  expect(await readFile(join(folder, "own/topology.yaml"), "utf8")).toStartWith("site: own ")
})

test("the executable tells its version", async () => {
  expect(await run(executable, ["--version"])).toEqual({ stdout: `${version}\n`, stderr: "", exit: 0 })
})

test("build hints at the topology that it was given", () => {
  expect(built.stderr).toEndWith(`  ${executable[0]} start --once --topology topology.yaml\n`)
})

test("the executable does not offer to build", async () => {
  expect(await run(executable, ["build"])).toMatchObject({ stdout: "", exit: 2 })
})

test.each([
  [["--target", "bun-linux-arm46"], "--target bun-linux-arm46 is not known, did you mean bun-linux-arm64?"],
  [["--target", "z80"], "--target z80 is not known: bun-linux-x64, bun-linux-arm64, "],
  [["--outfile", "sensors"], "sensors cannot be built: "],
])("build %j is one clear line, exit 2", async (args, message) => {
  const { stdout, stderr, exit } = await run(FROM_SOURCE, ["build", ...args])
  expect(stderr).toContain(message)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
})

const withoutTime = (log: string): string => log.replaceAll(/^\S+T\S+ /gm, "")

test("the executable sends mails and calls scripts as `bun run` does", async () => {
  await using server = await MailServer.start()
  const smtp = `{ host: 127.0.0.1, port: ${server.port}, security: none, from: farm@example.org }`
  const alerts = `alerts: { to: [mailto:you@example.org, notify.ts], smtp: ${smtp} }\n`
  await writeFile(join(folder, "told.yaml"), FILES["topology.yaml"] + alerts)
  await writeFile(join(folder, "notify.ts"), `export default ({ title }) => Bun.write("${folder}/heard", title)`)
  const { stderr, exit } = await run(executable, ["alerts", "test", "--topology", "told.yaml"])
  expect([stderr.split("\n").filter((line) => line.includes(" has taken it")).length, exit]).toEqual([2, 0])
  expect(server.mails).toHaveLength(1)
  expect(await Bun.file(join(folder, "heard")).text()).toBe("site: a trial")
})
