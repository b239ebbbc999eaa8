// The commands as a person types them, in processes of their own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { version } from "../../package.json"
import { SAMPLE, until } from "../end-to-end/fixture"

const MAIN = resolve(import.meta.dir, "../../src/main.ts")
const LISTING = `192.168.1.2 - 08:00 - 20 - 30%
192.168.1.2 - 12:00 - 25 - 33%
192.168.1.2 - 16:00 - 23 - 32%
192.168.1.2 - 20:00 - 21 - 28%
`
const TOPOLOGY = `site: greenhouse
timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: 2s }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: 0 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2, port: 0 }
devices:
  - { ip: 192.168.1.2, name: tomatoes, survey: device1.txt }
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-cli-"))
  await writeFile(join(folder, "device1.txt"), SAMPLE["surveys/device1.txt"])
  await writeFile(join(folder, "topology.yaml"), TOPOLOGY)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(...args: string[]) {
  const child = spawn(...args)
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { stdout, stderr, exit }
}

const spawn = (...args: string[]) =>
  Bun.spawn([process.execPath, MAIN, ...args], { cwd: folder, stdout: "pipe", stderr: "pipe", stdin: "ignore" })

test("start --once prints exactly the readings on standard output, and nothing the next time, as nothing has changed", async () => {
  const first = await run("start", "--once")
  expect(first).toMatchObject({ stdout: LISTING, exit: 0 })
  expect(first.stderr).toContain("✔ 1 of 1 device, 4 readings stored, 0 refused")
  const second = await run("start", "--once")
  expect(second).toMatchObject({ stdout: "", exit: 0 })
  expect(second.stderr).toContain("nothing new (4 already stored)")
})

test("without a terminal every log line has its time, and there are no colours or moving drawings", async () => {
  const { stderr } = await run("start", "--once")
  for (const line of stderr.trimEnd().split("\n"))
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \S/)
  expect(stderr).not.toContain("\x1b")
})

test("the times before lines are of the topology's zone, as those in them are", async () => {
  const elsewhere = TOPOLOGY.replace("gateway:", "$&\n  spool: far.db").replace(
    "port: 0 }\ndev",
    "store: stored.db, $&",
  )
  await writeFile(join(folder, "far.yaml"), elsewhere.replace("Europe/Rome", "Asia/Kathmandu"))
  for (const command of [["start", "--once"], ["check"]]) {
    const { stderr } = await run(...command, "--topology", "far.yaml")
    for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/^\S+\+05:45 /)
  }
})

test.skipIf(process.platform !== "linux").each(["2>&1 | true", "2>&- >&-", ">/dev/full 2>/dev/full"])(
  "a screen that nobody reads does not end a collection: %s",
  async (readers) => {
    const once = `{ ${process.execPath} ${MAIN} start --once; echo $? > exit; } ${readers}`
    await Bun.spawn(["sh", "-c", once], { cwd: folder, stdin: "ignore" }).exited
    expect(await Bun.file(join(folder, "exit")).text()).toBe("0\n")
  },
)

test("start --once --quiet says nothing when all is well", async () => {
  expect(await run("start", "--once", "--quiet")).toMatchObject({ stderr: "", exit: 0 })
})

test("a missing survey is named with its place, exit 1", async () => {
  await writeFile(
    join(folder, "missing.yaml"),
    TOPOLOGY.replaceAll("192.168.1.2", "192.168.1.9").replace("device1", "device9"),
  )
  const { stderr, exit } = await run("start", "--once", "--topology", "missing.yaml", "--quiet")
  expect(stderr).toContain("✖ 0 of 1 device. Missing: 192.168.1.9 tomatoes, device9.txt not found (missing.yaml:10)")
  expect(exit).toBe(1)
})

test("check names every problem of every survey line, exit 2", async () => {
  expect(await run("check")).toMatchObject({ exit: 0 })
  await writeFile(join(folder, "bad.txt"), "08:00 - 20 - 130%\n08:30 - 1 - 1%\nnonsense\n")
  await writeFile(join(folder, "bad.yaml"), TOPOLOGY.replace("device1.txt", "bad.txt"))
  await writeFile(join(folder, "sample.yaml"), `sample: true\n${TOPOLOGY}`)
  expect((await run("check", "--topology", "sample.yaml")).stderr).toContain("sample.yaml: sample data, 1 device, ")
  const { stderr, exit } = await run("check", "--topology", "bad.yaml")
  expect(stderr).toContain("bad.txt:1 Humidity must be 0 to 100 %: it is 130")
  expect(stderr).toContain("bad.txt:3 ")
  expect(exit).toBe(2)
})

test.each([
  ["check", "spool"],
  ["start --once", "spool"],
  ["check", "store"],
  ["start --once", "store"],
])("%s refuses a %s that is a device before anything is opened, exit 2", async (words, key) => {
  const [section, more] = key === "spool" ? ["gateway:", "\n  spool:"] : ["cloud: {", " store:"]
  const end = key === "store" ? "," : ""
  await writeFile(join(folder, "device.yaml"), TOPOLOGY.replace(`\n${section}`, `\n${section}${more} /dev/null${end}`))
  const { stdout, stderr, exit } = await run(...words.split(" "), "--topology", "device.yaml")
  expect(stderr).toMatch(
    /^device\.yaml:\d+:\d+ \w+\.\w+: must be a file: \/dev\/null is a device, name another place\n/,
  )
  expect(stderr.trimEnd().split("\n")).toHaveLength(3)
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
})

test.each([
  [["strat"], "strat is not a command, did you mean start?"],
  [["start", "--onec"], "--onec is not an option, did you mean --once?"],
  [["start", "--once=yes"], "--once takes no value"],
  [["start", "gatway"], "gatway is not a role, did you mean gateway?"],
  [["start", "device"], "Name the device behind `device`, by its name or address, or a range"],
  [["start", "device", "192.168.1.99"], "192.168.1.99 is not declared in topology.yaml"],
  [["start", "device", "tomatos"], "tomatos is neither an address nor a name in greenhouse, did you mean tomatoes?"],
  [["start", "192.168.1.2"], "Say `device 192.168.1.2` to play that device"],
  [["readings", "gateway"], "gateway is not understood here"],
  [["start", "--topology"], "--topology needs a value: FILE"],
  [["readings", "--day", "2026-02-29"], "There is no day 2026-02-29"],
  [["readings", "--from", "2026-11-31"], "There is no day 2026-11-31"],
  [["resend", "--from", "2026-13-01"], "There is no day 2026-13-01"],
  [["drop", "--day", "2026-01-00"], "There is no day 2026-01-00"],
  [["readings", "--day", "21.11.2026"], "A day is written 2026-11-21: it is 21.11.2026"],
  [["readings", "--day", "2026-1-5"], "A day is written 2026-11-21: it is 2026-1-5"],
  [["start", "--topology", "nowhere.yaml"], "nowhere.yaml: is not there"],
])("%p is one clear line, exit 2", async (args, message) => {
  const { stderr, stdout, exit } = await run(...args)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain(" at ")
  expect(stdout).toBe("")
  expect(exit).toBe(2)
})

test("start device takes a device's name", async () => {
  const once = ["start", "--once", "gateway", "cloud", "device", "tomatoes", "--loopback", "--topology", "named.yaml"]
  await writeFile(join(folder, "named.yaml"), TOPOLOGY.replace("10.10.10.2,", "$& store: named.db,"))
  expect(await run(...once)).toMatchObject({ stdout: LISTING, exit: 0 })
})

test("--help and no command at all tell what there is", async () => {
  expect((await run()).stderr).toContain("bun run readings")
  const { stderr, exit } = await run("start", "--help")
  expect(stderr).toContain("--once")
  expect(exit).toBe(0)
})

test.each(["--version", "version"])("%s tells package.json's version and nothing else", async (word) => {
  expect(await run(word)).toEqual({ stdout: `${version}\n`, stderr: "", exit: 0 })
})

test("every command takes --topology, --quiet, --verbose and --help", async () => {
  const overview = (await run("--help")).stderr
  const commands = [...overview.matchAll(/^ {2}bun run (\w+)/gm)].map(([, name = ""]) => name)
  expect(commands).toContain("build")
  const helps = await Promise.all(
    commands.map((name) => run(name, "--topology", "topology.yaml", "--quiet", "--verbose", "--help")),
  )
  for (const { stderr, exit } of helps) {
    expect(exit).toBe(0)
    for (const option of ["--topology FILE", "--quiet", "--verbose", "--help"]) expect(stderr).toContain(`  ${option} `)
  }
})

describe("without node_modules", () => {
  const ROOT = resolve(import.meta.dir, "../..")
  let bare: string
  const runBare = async (...args: readonly string[]) => {
    const child = Bun.spawn([process.execPath, "src/main.ts", ...args], { cwd: bare, stdout: "pipe", stderr: "pipe" })
    const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    return { stdout, stderr, exit }
  }

  beforeAll(async () => {
    bare = join(folder, "bare")
    await mkdir(bare)
    for (const name of ["src", "package.json", "bunfig.toml", "tsconfig.json"])
      await cp(join(ROOT, name), join(bare, name), { recursive: true })
  })

  test.each([
    "check",
    "start --once",
    "--help",
    "status",
  ])("%s says `bun install` in one line, exit 2", async (words) => {
    const { stdout, stderr, exit } = await runBare(...words.split(" "))
    expect(stderr).toMatch(/^The package \w+ is not installed: run `bun install` in \/\S+\/bare\n$/)
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
  })

  test("--version needs none", async () => {
    expect(await runBare("--version")).toEqual({ stdout: `${version}\n`, stderr: "", exit: 0 })
  })
})

test.each(["SIGTERM", "SIGINT"] as const)("%s ends the waiting network in order, exit 0", async (signal) => {
  const child = spawn("start")
  const reader = child.stderr.getReader()
  const decoder = new TextDecoder()
  let said = ""
  while (!said.includes("Next upload")) said += decoder.decode((await reader.read()).value)
  child.kill(signal)
  expect(await child.exited).toBe(0)
})

describe("start --once that is stopped before it is complete exits 1", () => {
  test("while it waits for a sensor", async () => {
    await writeFile(join(folder, "waits.yaml"), `${TOPOLOGY.replace("2s", "1m")}  - { ip: 192.168.1.3 }\n`)
    const child = spawn("start", "--once", "--topology", "waits.yaml")
    const reader = child.stderr.getReader()
    const decoder = new TextDecoder()
    let said = ""
    while (!said.includes("Waiting for 192.168.1.3")) said += decoder.decode((await reader.read()).value)
    child.kill("SIGTERM")
    expect(await child.exited).toBe(1)
  })

  test("while it starts, or waits for a gateway elsewhere", async () => {
    const alone = TOPOLOGY.replace("2s", "1m").replace("cloud: { address: 10.10.10.2,", "$& store: alone.db,")
    await writeFile(join(folder, "alone.yaml"), alone)
    const child = spawn("start", "--once", "cloud", "--loopback", "--topology", "alone.yaml")
    await until(() => existsSync(join(folder, "alone.db")))
    child.kill("SIGTERM")
    expect(await child.exited).toBe(1)
  })
})

test("a second runner on the same store names the process that holds it, exit 2", async () => {
  const child = spawn("start")
  const reader = child.stderr.getReader()
  const decoder = new TextDecoder()
  let said = ""
  while (!said.includes("Next upload")) said += decoder.decode((await reader.read()).value)
  const { stderr, exit } = await run("start", "--once")
  expect(stderr).toContain(`is in use by process ${child.pid}`)
  expect(exit).toBe(2)
  child.kill("SIGTERM")
  await child.exited
})

test("a reader that goes away does not end a collection", async () => {
  const command = `"${process.execPath}" "${MAIN}" start --once --quiet | true; echo "\${PIPESTATUS[0]}"`
  const child = Bun.spawn(["bash", "-c", command], { cwd: folder, stdout: "pipe", stderr: "inherit" })
  expect(await child.stdout.text()).toBe("0\n")
})
