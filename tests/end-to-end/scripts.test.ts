// The two doors for a person's own code: a survey script, and a network of one's own.
import { expect, test } from "bun:test"
import { join, resolve } from "node:path"
import { Network } from "../../src/network"
import { SAMPLE, Site } from "./fixture"

const MAIN = resolve(import.meta.dir, "../../src/main.ts")
const SOURCE = resolve(import.meta.dir, "../../src/device/source")

const runner = (site: Site, ...args: string[]) =>
  Bun.spawn([process.execPath, MAIN, ...args], { cwd: site.folder, stdout: "pipe", stderr: "pipe", stdin: "ignore" })

test("a survey script is asked for its device and day", async () => {
  const script = `
    import type { SurveySource } from ${JSON.stringify(SOURCE)}
    export default (async (device, day) => {
      return day === "2026-11-22" ? \`08:00 - \${device.ip.split(".")[3]} - \${device.name === "tank" ? 30 : 0}%\` : ""
    }) satisfies SurveySource`
  const devices = ["{ ip: 192.168.1.2, name: tank, survey: sensors/tank.ts }"]
  await using site = await Site.make({ devices, files: { "sensors/tank.ts": script } })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ stored: 1, complete: true })
  expect(site.listed).toEqual(["192.168.1.2 - 08:00 - 2 - 30%"])
})

const TANK = ["{ ip: 192.168.1.2, name: tank, survey: sensors/tank.ts }"]

test.each([
  ["throws", 'export default () => { throw new Error("the tank is offline") }', "sensors/tank.ts: the tank is offline"],
  ["throws later", 'export default () => new Promise(() => setTimeout(() => { throw new Error("late") }))', ": late"],
  [
    "forgets a rejection",
    'export default () => { Promise.reject(new Error("forgotten")); return new Promise(() => {}) }',
    ": forgotten",
  ],
  ["ends its process", "export default () => process.exit(0)", ": it ended without an answer (exit code 0)"],
  ["returns a number", "export default () => 7", ": it returned number instead of text"],
  ["has a syntax error", "export default (", " cannot be loaded: "],
  ["has no default export", "export const a = 1", " has no default export (device, day) => text"],
])("a script that %s is a missing survey that says so", async (_what, script, reason) => {
  await using site = await Site.make({ devices: TANK, files: { "sensors/tank.ts": script } })
  await using network = await Network.start(site.topology, site.options)
  expect((await network.collect()).missing[0]?.reason).toStartWith(reason.replace(/^(?=[: ])/, "sensors/tank.ts"))
})

test.each([
  ["loops", "export default () => { for (;;); }"],
  ["never answers", "export default () => new Promise(() => {})"],
  ["never finishes loading", "await new Promise(() => {})"],
])("a script that %s is a missing survey after 30 s", async (_what, script) => {
  await using site = await Site.make({ devices: TANK, files: { "sensors/tank.ts": script }, speed: 200, grace: "60s" })
  await using network = await Network.start(site.topology, site.options)
  const reason = "sensors/tank.ts: no lines after 30 s"
  expect((await network.collect()).missing).toMatchObject([{ device: { ip: "192.168.1.2" }, reason }])
})

test("a script that fails takes no other device's survey with it", async () => {
  const devices = [...TANK, "{ ip: 192.168.1.3, survey: surveys/device2.txt }", "{ ip: 192.168.1.4, survey: pipe.txt }"]
  const files = { ...SAMPLE, "sensors/tank.ts": "export default () => process.exit(1)" }
  await using site = await Site.make({ devices, files })
  expect(Bun.spawnSync(["mkfifo", join(site.folder, "pipe.txt")]).exitCode).toBe(0)
  await using network = await Network.start(site.topology, site.options)
  const { stored, missing } = await network.collect()
  expect(stored).toBe(4)
  expect(missing.map(({ reason }) => reason)).toEqual([
    "sensors/tank.ts: it ended without an answer (exit code 1)",
    "pipe.txt is not a regular file",
  ])
})

test("a script that is edited or comes between two runs is what the second one asks", async () => {
  const devices = [...TANK, "{ ip: 192.168.1.3, survey: sensors/well.ts }"]
  const files = { "sensors/tank.ts": 'export default () => "08:00 - 20 - 30%"' }
  await using site = await Site.make({ devices, files })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ missing: [{ reason: "sensors/well.ts not found" }] })
  await site.write("sensors/tank.ts", 'export default () => "08:00 - 21 - 31%"')
  await site.write("sensors/well.ts", 'export default () => "09:00 - 10 - 90%"')
  await network.collect()
  expect(await site.stored()).toEqual(["2026-11-22 192.168.1.2 08:00 21 31", "2026-11-22 192.168.1.3 09:00 10 90"])
})

test("what a script prints goes to standard error: standard output belongs to the readings", async () => {
  const script = `
    console.log("one"); console.table(["two"]); process.stdout.write("three\\n"); await Bun.write(Bun.stdout, "four\\n")
    export default () => { console.info("five"); return "08:00 - 20 - 30%" }`
  await using site = await Site.make({ devices: TANK, files: { "sensors/tank.ts": script } })
  const child = runner(site, "start", "--once")
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  expect(stdout).toBe("192.168.1.2 - 08:00 - 20 - 30%\n")
  for (const word of ["one", "two", "three", "four", "five"]) expect(stderr).toContain(word)
})

test("SIGTERM ends a run whose script loops, within 2 s and in order", async () => {
  const script = 'console.log("asked"); export default () => { for (;;); }'
  await using site = await Site.make({ devices: TANK, files: { "sensors/tank.ts": script } })
  const child = runner(site, "start", "--once")
  let stoppedAt = 0
  for await (const said of child.stderr) {
    if (stoppedAt > 0 || !Buffer.from(said).includes("asked")) continue
    stoppedAt = performance.now()
    child.kill("SIGTERM")
  }
  expect(await child.exited).toBe(1) // it was not complete
  expect(performance.now() - stoppedAt).toBeLessThan(2000)
})

test("check names what is wrong with scripts and with files, and asks scripts", async () => {
  const devices = [
    "{ ip: 192.168.1.2, survey: good.ts }",
    "{ ip: 192.168.1.3, survey: gone.ts }",
    "{ ip: 192.168.1.4, survey: large.txt }",
    "{ ip: 192.168.1.5, survey: latin.txt }",
  ]
  const files = { "good.ts": 'export default () => { throw new Error("asked") }', "large.txt": "\n".repeat(2000) }
  await using site = await Site.make({ devices, files, extra: "limits: { survey: 1024 }" })
  await Bun.write(join(site.folder, "latin.txt"), Buffer.from("08:00 - 20 - 30% °\n", "latin1"))
  const child = runner(site, "check")
  const stderr = await child.stderr.text()
  expect(await child.exited).toBe(2)
  expect(stderr).toContain("192.168.1.3: gone.ts not found\n")
  expect(stderr).toContain("192.168.1.4: large.txt has 2000 bytes, more than limits.survey allows (1024)\n")
  expect(stderr).toContain("192.168.1.5: latin.txt:1 is not UTF-8 text\n")
  expect(stderr).toContain("192.168.1.2: good.ts: asked\n")
  expect(stderr).toContain("4 problems")
})

test("a network of one's own needs three lines, and hears what happens", async () => {
  await using site = await Site.make()
  const program = `
    import { loadTopology, Network } from ${JSON.stringify(resolve(import.meta.dir, "../../src/network"))}
    const listener = (event) => event.kind === "uploaded" && console.log(event.device.name, event.readings)
    await using network = await Network.start(await loadTopology("topology.yaml"), { listener })
    const summary = await network.collect()
    console.log(summary.stored, summary.complete)`
  await site.write("own.ts", program)
  const child = Bun.spawn([process.execPath, "own.ts"], { cwd: site.folder, stdout: "pipe", stderr: "inherit" })
  const lines = (await child.stdout.text()).trimEnd().split("\n")
  expect([lines.slice(0, 2).sort(), lines.slice(2)]).toEqual([["herbs 4", "tomatoes 4"], ["8 true"]])
  expect(await child.exited).toBe(0)
})
