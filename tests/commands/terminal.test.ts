// Each command on a real terminal: what it shows fits, and goes on further in.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { Site } from "../end-to-end/fixture"
import { runCommand, runInTerminal, tooWide } from "./command"

const WIDTHS = [60, 80, 120]
const COMMANDS =
  "init start check readings report service status alerts resend import backup move drop quarantine build".split(" ")
const DEVICES = [
  "{ ip: 192.168.1.2, name: tomatoes in the long house, where the temperature is delivered, survey: surveys/device1.txt }",
  "{ ip: 192.168.1.3, name: 番茄 🌱, survey: surveys/device2.txt }",
  "{ ip: 192.168.1.4, name: lemons, survey: surveys/nowhere.txt }",
]
const FILES = {
  "surveys/device1.txt": "08:00 - 20 - 30%\n09:00 - 20 - 130%\n",
  "surveys/device2.txt": `07:00 - 18 - 28%\n${"番茄".repeat(20)} 🌱 rubbish\n`,
}

let site: Site
beforeAll(async () => {
  site = await Site.make({ devices: DEVICES.map((device) => device.replace(", where", " where")), files: FILES })
  await site.write("wrong.yaml", `bufersize: 4096 # ${"番茄".repeat(30)}\nsite: [${"greenhouse, ".repeat(20)}]\n`)
  await runCommand(site.folder, "start", "--once")
})
afterAll(() => site[Symbol.asyncDispose]())

const show = (cols: number, ...args: readonly string[]) => runInTerminal(site.folder, cols, ...args)

describe.each(WIDTHS)("on a terminal of %p columns", (cols) => {
  test.each<string[]>([
    ["start", "--once"],
    ["status"],
    ["quarantine"],
    ["check"],
    ["readings", "--format", "table"],
    ["check", "--topology", "wrong.yaml"],
    ["check", "--topology", `${"very/".repeat(30)}long.yaml`],
    ["--help"],
  ])("%p fits", async (...args: readonly string[]) => {
    const shown = await show(cols, ...args)
    expect(shown.lines.join("\n")).not.toBe("")
    expect(tooWide(shown, cols)).toEqual([])
  })

  test("the help of every command fits", async () => {
    for (const command of COMMANDS) expect(tooWide(await show(cols, command, "--help"), cols)).toEqual([])
  })
})

test("status on 60 columns breaks between words, and each entry stands out", async () => {
  const { lines } = await show(60, "status")
  expect(lines).toContain("192.168.1.2 tomatoes in the  ✔")
  expect(lines).toContain("  long house where the")
  expect(lines).toContain("  temperature is delivered")
  expect(lines.filter((line) => /^\S/.test(line)).map((line) => line.split(" ")[0])).toEqual([
    "✖",
    "192.168.1.2",
    "192.168.1.3",
    "192.168.1.4",
    "✔",
    "Owed",
    "Undelivered",
    "Quarantine",
    "Refused",
    "Spool",
    "Sites",
    "Store",
  ])
})

test("a mistake in topology.yaml on 60 columns has its caret below the place", async () => {
  const { lines } = await show(60, "check", "--topology", "wrong.yaml")
  const source = lines.findIndex((line) => line.startsWith("  bufersize"))
  expect(lines[source]).toEndWith("…")
  expect(lines[source + 1]).toBe("  ^")
})

test("without a terminal nothing is wrapped", async () => {
  const { stdout } = await runCommand(site.folder, "status")
  expect(stdout).toMatch(/^192\.168\.1\.2 tomatoes in the long house where the temperature is delivered {2}✔$/m)
  const { stderr } = await runCommand(site.folder, "check")
  expect(stderr).toMatch(/ ✖ surveys\/device1\.txt:2 Humidity must be 0 to 100 %: it is 130$/m)
})
