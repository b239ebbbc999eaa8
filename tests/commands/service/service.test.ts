// The printed systemd units: what they say, what systemd says of them, and the warnings before they are installed.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { commandLine, formatUnit, serviceOf } from "../../../src/commands/service/unit"
import { parseTopology } from "../../../src/topology/yaml/load"
import { describeSkipped } from "../../interop/peers"

const MAIN = resolve(import.meta.dir, "../../../src/main.ts")
const TOPOLOGY = `schedule: { cron: "0 6 * * *" }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24 }
    cloud: { address: 10.10.10.1/24 }
  spool: data/gateway.db
cloud: { address: 10.10.10.2, store: /srv/meter/cloud.db }
devices:
  - { ip: 192.168.1.2-192.168.1.9, survey: "surveys/{ip}.txt" }
  - { ip: 192.168.1.10, name: "tomatoes, red", survey: surveys/red.txt }
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-service-"))
  await writeFile(join(folder, "topology.yaml"), TOPOLOGY)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const unitOf = (...words: string[]): string => formatUnit(serviceOf(words), "/farm/topology.yaml")

async function run(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, "service", ...args], { cwd: folder, stdout: "pipe", stderr: "pipe" })
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { stdout, stderr, exit }
}

test("commandLine() is read by systemd as the words that it is made of", () => {
  // of the programme itself it expands %, of what stands behind it $ too (systemd.service(5), "Command lines")
  expect(commandLine(["/opt/a$b/bun", "/srv/$HOME/50%/main.ts", 'a "b" \\', "start", "$"])).toBe(
    '"/opt/a$b/bun" "/srv/$$HOME/50%%/main.ts" "a \\"b\\" \\\\" start "$$"',
  )
})

test.each([
  [[], "smart-meter-simulated", "smart-meter-simulated"],
  [["cloud"], "smart-meter-cloud", "smart-meter"],
  [["gateway", "cloud"], "smart-meter-cloud-gateway", "smart-meter"],
  [["device", "192.168.1.2", "192.168.1.4"], "smart-meter-device", "smart-meter"],
])("serviceOf(%j) is named after the roles and keeps trials apart", (words, name, folder) => {
  expect(serviceOf(words)).toEqual({ name, words, folder })
})

test("formatUnit() starts the role with absolute paths and the installed topology", () => {
  const start = `${process.execPath} ${MAIN} start device 192.168.1.2 --topology /etc/smart-meter/topology.yaml`
  expect(unitOf("device", "192.168.1.2")).toContain(`\nExecStart=${start}\n`)
})

test("formatUnit() leaves the group to read, and reloads with the signal that start listens for", () => {
  const unit = unitOf("gateway")
  expect(unit).toContain("\nStateDirectoryMode=0750\nUMask=0027\n")
  expect(unit).toContain("\nExecReload=/bin/kill -HUP $MAINPID\n")
  expect(unit).toContain("sudo usermod --append --groups smart-meter $USER")
})

test.each([
  [[]],
  [["gateway"]],
])("formatUnit() of %j asks for the state by one short command that finds it", async (words) => {
  const unit = unitOf(...words)
  const [, topology = ""] = /^# {3}sudo \S+ \S+ status --topology (\S+)$/m.exec(unit) ?? []
  const { gateway } = parseTopology(TOPOLOGY, topology)
  expect(dirname(gateway.spool)).toBe(`/var/lib/${/^StateDirectory=(.*)$/m.exec(unit)?.[1]}`)
  expect(unit).toContain(` --topology ${topology}\nWorkingDirectory=${dirname(topology)}\n`)
  expect(unit).toContain(`\nEnvironmentFile=-${dirname(topology)}/environment\n`) // where there is one
})

test("formatUnit() installs the schema where the installed topology looks for it", () => {
  const unit = formatUnit(serviceOf(["cloud"]), "/farm/topology.yaml", {
    schema: "./src/topology/topology.schema.json",
  })
  expect(unit).toMatch(
    /\n# {3}\S+ \S+ service --schema \| sudo install -D --mode=644 \/dev\/stdin \/etc\/smart-meter\/src\/topology\/topology\.schema\.json\n/,
  )
  expect(unitOf("cloud")).not.toContain("schema")
})

test("service finds the schema that the topology names, unless it is elsewhere", async () => {
  for (const [banner, line] of [
    ["# yaml-language-server: $schema=./schemas/meter.json", " /etc/smart-meter/schemas/meter.json\n"],
    ["# yaml-language-server: $schema=https://example.org/meter.json", undefined],
    ["# yaml-language-server: $schema=/usr/share/meter.json", undefined],
  ]) {
    await writeFile(join(folder, "banner.yaml"), `${banner}\n${TOPOLOGY}`)
    const { stdout } = await run("gateway", "--topology", "banner.yaml")
    if (line) expect(stdout).toContain(line)
    else expect(stdout).not.toContain("--schema")
  }
})

test("service --schema prints the schema", async () => {
  const schema = await Bun.file(resolve(import.meta.dir, "../../../src/topology/topology.schema.json")).text()
  expect(await run("--schema")).toEqual({ stdout: schema, stderr: "", exit: 0 })
})

test("formatUnit() restarts for ever, also while there is something that a person must mend", () => {
  const unit = unitOf("gateway")
  for (const line of ["Restart=always", "StartLimitIntervalSec=0", "RestartSec=10s"]) {
    expect(unit).toContain(`\n${line}\n`)
  }
  expect(unit).not.toContain("\nMemoryDenyWriteExecute=")
})

test("formatUnit() names the commands that install it, as comments above the unit", () => {
  const [comments = "", ...sections] = formatUnit(serviceOf(["cloud"]), "/farm of ann/topology.yaml").split("\n\n[")
  expect(comments.split("\n").filter((line) => !line.startsWith("#"))).toEqual([])
  expect(comments).toContain(`service cloud | sudo tee /etc/systemd/system/smart-meter-cloud.service`)
  expect(comments).toContain("'/farm of ann/topology.yaml' /etc/smart-meter/topology.yaml")
  expect(comments).toContain("systemctl enable --now smart-meter-cloud")
  expect(sections.map((section) => section.split("]")[0])).toEqual(["Unit", "Service", "Install"])
})

test("service prints the unit, and nothing else on standard output", async () => {
  const { stdout, exit } = await run("gateway")
  expect(stdout).toBe(formatUnit(serviceOf(["gateway"]), join(folder, "topology.yaml")))
  expect(exit).toBe(0)
})

test("service warns of a device that is not declared, and of a store that the service may not write", async () => {
  const { stdout, stderr, exit } = await run("device", "192.168.1.77", "cloud")
  expect(stderr).toContain("⚠ 192.168.1.77 is not declared in topology.yaml")
  expect(stderr).toContain("⚠ cloud.store is /srv/meter/cloud.db: the service writes only in /var/lib/smart-meter")
  expect(stderr).not.toContain("gateway.spool")
  expect(stdout).toContain("start device 192.168.1.77 cloud")
  expect(exit).toBe(0)
})

test("service puts addresses in the place of names, which another topology.yaml may give to others", async () => {
  const { stdout, exit } = await run("device", "tomatoes, red")
  expect(stdout).toBe(formatUnit(serviceOf(["device", "192.168.1.10"]), join(folder, "topology.yaml")))
  expect(exit).toBe(0)
  expect(await run("device", "tomatoes")).toMatchObject({ stdout: "", exit: 2 })
})

test("service warns when there is no topology to install, and prints the unit all the same", async () => {
  const { stdout, stderr, exit } = await run("--topology", "nowhere.yaml")
  expect(stderr).toContain("⚠ nowhere.yaml: is not there")
  expect(stdout).toContain("[Service]")
  expect(exit).toBe(0)
})

test("service refuses a role that does not exist, exit 2", async () => {
  expect(await run("gatway")).toMatchObject({ stdout: "", stderr: expect.stringContaining("gateway?"), exit: 2 })
})

const analyze = Bun.which("systemd-analyze")
const about = "systemd accepts the printed unit"
if (analyze) describe(about, withSystemd)
else describeSkipped(about, "systemd-analyze missing: apt-get install systemd", withSystemd)

function withSystemd(): void {
  test.each([[[]], [["cloud"]], [["gateway"]], [["device", "192.168.1.2-192.168.1.9"]]])("of %j", async (words) => {
    const file = join(folder, `${serviceOf(words).name}.service`)
    await writeFile(file, unitOf(...words))
    const { said, exit } = await ask("verify", file)
    expect(said.split("\n").filter((line) => line.includes(folder))).toEqual([])
    expect(exit).toBe(0)
  })

  test("and rates its exposure 1.5 of 10 or better", async () => {
    const file = join(folder, "smart-meter-gateway.service")
    await writeFile(file, unitOf("gateway"))
    expect(await ask("security", "--offline=true", "--threshold=15", file)).toMatchObject({ exit: 0 })
  })
}

async function ask(...args: string[]): Promise<{ said: string; exit: number }> {
  const child = Bun.spawn([analyze ?? "systemd-analyze", "--no-pager", ...args], { stdout: "pipe", stderr: "pipe" })
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { said: stdout + stderr, exit }
}

test.each([
  [["cloud"], ["keys/cloud.key", "keys/cloud.crt", "keys/ca.crt"]],
  [["gateway"], ["keys/gateway.key", "keys/gateway.crt"]],
  [["device", "192.168.1.2"], []],
])("service of %j installs the keys that the role needs for its user alone, and no others", async (words, keys) => {
  const fingerprint = `sha256:${"5f".repeat(32)}`
  const text = TOPOLOGY.replace("gateway:\n", "gateway:\n  tls: { ca: keys/ca.crt }\n").replace(
    /cloud: \{ address: 10.10.10.2,/,
    `cloud: { address: 10.10.10.2, tls: { fingerprint: ${fingerprint} },`,
  )
  await writeFile(join(folder, "keyed.yaml"), text)
  const { stdout } = await run(...words, "--topology", "keyed.yaml")
  const lines = stdout.split("\n").filter((line) => line.startsWith("#   sudo install") && line.includes("--mode=600"))
  expect(lines).toEqual(
    keys.map(
      (key) => `#   sudo install -D --mode=600 --owner=smart-meter ${join(folder, key)} /etc/smart-meter/${key}`,
    ),
  )
})

test("service installs the file of sites beside the topology, and warns of one that is elsewhere", async () => {
  const elsewhere = join(folder, "elsewhere.txt")
  for (const name of ["sites.txt", "elsewhere.txt"]) await writeFile(join(folder, name), "site\n")
  await mkdir(join(folder, "farm"), { recursive: true })
  const named = (sites: string) => TOPOLOGY.replace("10.10.10.2,", `10.10.10.2, sites: ${sites},`)
  await writeFile(join(folder, "sites.yaml"), named("sites.txt"))
  const beside = await run("cloud", "--topology", "sites.yaml")
  expect(beside.stdout).toContain(
    `\n#   sudo install -D --mode=640 --group=smart-meter ${folder}/sites.txt /etc/smart-meter/sites.txt\n`,
  )
  expect(beside.stderr).not.toContain("cloud.sites")
  await writeFile(join(folder, "farm/topology.yaml"), named(elsewhere))
  const { stdout, stderr } = await run("cloud", "--topology", "farm/topology.yaml")
  expect(stdout).not.toContain("elsewhere.txt")
  expect(stderr).toContain(`⚠ cloud.sites is ${elsewhere}, not beside the topology: the service has to read it there\n`)
})

test("service installs what devices' keys are derived from at the gateway, and a device's own key where that is", async () => {
  await mkdir(join(folder, "keys"), { recursive: true })
  for (const name of ["site.secret", "devices", "192.168.1.2.key"]) await writeFile(join(folder, "keys", name), "")
  const installed = async (...words: string[]) =>
    [...(await run(...words)).stdout.matchAll(/--mode=600 .* \S+keys\/(\S+)$/gm)].map(([, name]) => name)
  expect(await installed("gateway")).toEqual(["site.secret", "devices"])
  expect(await installed("device", "192.168.1.2", "192.168.1.3")).toEqual(["192.168.1.2.key"])
  expect(await installed("cloud")).toEqual([])
  await rm(join(folder, "keys"), { recursive: true })
})
