// `bun run drop` as a person types it.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { Network } from "../../src/network"
import { Site, until } from "../end-to-end/fixture"
import { runCommand } from "./command"

const HERBS = ["--day", "2026-11-22", "--device", "192.168.1.3"] as const

let site: Site
beforeEach(async () => {
  site = await Site.collected()
})
afterEach(() => site[Symbol.asyncDispose]())

const drop = (...args: readonly string[]) => runCommand(site.folder, "drop", ...args)
const isGone = () => until(async () => (await site.stored()).length === 4)

test("a gateway that runs drops it at once, and tells the cloud", async () => {
  await using _network = await Network.start(site.topology, site.options)
  const { stderr, exit } = await drop(...HERBS, "--yes")
  expect(stderr).toContain("✔ Dropped: 1 survey of 2026-11-22; the cloud drops what it has of them")
  expect(exit).toBe(0)
  await isGone()
  expect(site.logged).toContain("info Dropped: 1 survey of 2026-11-22; the cloud drops what it has of them")
})

test("where none runs it is dropped at once, and the cloud is told when it starts", async () => {
  const { stderr, exit } = await drop(...HERBS, "--yes")
  expect(stderr).toContain("✔ Dropped: 1 survey of 2026-11-22")
  expect(stderr).toContain("What is due for the cloud goes when the gateway starts: bun run start")
  expect(exit).toBe(0)
  expect(await site.stored()).toHaveLength(8)
  await using _network = await Network.start(site.topology, site.options)
  await isGone()
})

test("a device is dropped by its name, and named with its address", async () => {
  const { stderr, exit } = await drop("--day", "2026-11-22", "--device", "herbs", "--yes")
  expect(stderr).toContain("Sunday 22 November 2026 of 192.168.1.3 herbs: 1 survey here")
  expect(exit).toBe(0)
})

test.each([
  [[], "--day says which day is dropped: --day 2026-11-21"],
  [["--day", "2026-11-22", "--device", "herb"], "neither an address nor a name in greenhouse, did you mean herbs?"],
  [HERBS, "Nothing is dropped: without a terminal say --yes"],
])("%p drops nothing, exit 2", async (args, message) => {
  const { stderr, exit } = await drop(...args)
  expect(stderr).toContain(message)
  expect(exit).toBe(2)
  expect((await drop(...HERBS, "--yes")).stderr).toContain("Dropped: 1 survey")
})
