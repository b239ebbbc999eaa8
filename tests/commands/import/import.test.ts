// `bun run import` as a person types it, with and without a gateway that runs.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { Network } from "../../../src/network"
import { MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { runCommand } from "../command"

const ROWS = `time,who,T,H
2024-02-29 08:00,tomatoes,20,30
2024-02-29 08:00,herbs,21,31
2024-03-01 08:00,tomatoes,22,32
`
const FORMATS = `formats:
  own:
    time: { column: time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T }
    humidity: { column: H }
    device: { column: who }
`
const TOMATOES = ["192.168.1.2 2024-02-29 08:00 - 20 - 30%", "192.168.1.2 2024-03-01 08:00 - 22 - 32%"]
const HERBS = ["192.168.1.3 2024-02-29 08:00 - 21 - 31%"]

let site: Site
beforeEach(async () => {
  site = await Site.make({ files: { "surveys/device1.txt": "08:00 - 20 - 30%\n", "surveys/device2.txt": "" } })
  const file = join(site.folder, "topology.yaml")
  await Bun.write(file, `${await Bun.file(file).text()}\n${FORMATS}`)
  await mkdir(join(site.folder, "history"))
  await write("all.csv", ROWS)
})
afterEach(() => site[Symbol.asyncDispose]())

const write = (name: string, text: string) => Bun.write(join(site.folder, "history", name), text)

/** Without its time of day. */
async function run(...args: string[]) {
  const { stdout, stderr, exit } = await runCommand(site.folder, "import", ...args)
  return {
    stdout,
    said: stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^\S+T\S+ /, "")),
    exit,
  }
}

async function collect(): Promise<void> {
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
}

async function stored(): Promise<string[]> {
  const { stdout } = await runCommand(site.folder, "readings", "--to", "2024-12-31", "--format", "csv")
  return stdout.trimEnd().split("\n").slice(1)
}

describe("without a gateway that runs", () => {
  beforeEach(collect)

  test("import takes days long past, of all devices of a file, and they go to the cloud with the next run", async () => {
    expect(await run("history/all.csv", "--format", "own")).toEqual({
      stdout: "",
      said: [
        "✔ history/all.csv: 3 readings in 3 surveys, 3 new or changed",
        "  What is due for the cloud goes when the gateway starts: bun run start",
      ],
      exit: 0,
    })
    await collect()
    expect(await stored()).toHaveLength(3)
  })

  test("import of the same again changes nothing, and of other values keeps the newer", async () => {
    await run("history/all.csv", "--format", "own")
    expect((await run("history/all.csv", "--format", "own")).said[0]).toBe(
      "✔ history/all.csv: 3 readings in 3 surveys, nothing new or changed",
    )
    await write("all.csv", ROWS.replace("08:00,herbs,21", "08:00,herbs,19"))
    expect((await run("history/all.csv", "--format", "own")).said[0]).toBe(
      "✔ history/all.csv: 3 readings in 3 surveys, 1 new or changed",
    )
  })

  test("import names refused rows and devices that nobody knows, and takes the others", async () => {
    await write("all.csv", `${ROWS}2024-03-01 09:00,tomatoes,220,30\n2024-03-01 09:00,basil,22,30\n`)
    const { said, exit } = await run("history/all.csv", "--format", "own")
    expect(said.slice(0, 3)).toEqual([
      "✖ history/all.csv:5 Temperature must be -90 to 90 °C: it is 220",
      "⚠ history/all.csv: 1 row of basil, whom no device in topology.yaml has as its sensor or name",
      "✔ history/all.csv: 3 readings in 3 surveys, 3 new or changed",
    ])
    expect(exit).toBe(1)
  })

  test("import names so many devices that nobody knows, and counts the rows of still others", async () => {
    const rows = Array.from({ length: 25 }, (_, n) => `2024-03-01 09:00,bed-${n},22,30\n`)
    await write("all.csv", `${ROWS}${rows.join("")}`)
    const { said } = await run("history/all.csv", "--format", "own")
    expect(said.filter((line) => line.includes("whom no device"))).toHaveLength(20)
    expect(said).toContain("⚠ history/all.csv: 5 rows of still others")
  })

  test("import has nothing to be content with in a file without values", async () => {
    await write("up.jsonl", '{"received_at":"2024-02-29T07:00:00Z","decoded":{}}\n'.repeat(3))
    const { said, exit } = await run("history/up.jsonl", "--format", "ttn", "--device", "herbs")
    expect(said[0]).toBe(
      "✖ history/up.jsonl has 3 rows, and nothing at uplink_message.normalized_payload.0.soil.temperature",
    )
    expect(exit).toBe(1)
  })

  test("import takes lines of ours for a device, of the day in their name or of --day", async () => {
    await write("2024-02-29.txt", "08:00 - 20 - 30%\n")
    await write("lines.txt", "08:00 - 20 - 30%\n")
    expect((await run("history/2024-02-29.txt", "--device", "tomatoes")).said[0]).toEndWith("1 new or changed")
    expect((await run("history/lines.txt", "--device", "tomatoes", "--day", "2024-02-29")).said[0]).toEndWith(
      "nothing new or changed",
    )
  })
})

test("import knows whose a file is that a survey with * names, and how JSON lines and SenML are written", async () => {
  const file = join(site.folder, "topology.yaml")
  const herbs = "{ ip: 192.168.1.3, name: herbs, survey: surveys/device2.txt }"
  const yaml = await Bun.file(file).text()
  await Bun.write(
    file,
    yaml.replace(herbs, '{ ip: 192.168.1.3, name: herbs, survey: "history/herbs-*.json", format: senml }'),
  )
  const at = Date.parse("2024-02-29T07:00:00Z") / 1000
  await write("herbs-1.json", `[{"bt":${at},"n":"t","u":"Cel","v":21},{"n":"h","u":"%RH","v":31}]\n`)
  await write(
    "up.jsonl",
    `{"end_device_ids":{"device_id":"herbs"},"received_at":"2024-02-29T07:00:00Z","uplink_message":{"normalized_payload":[{"soil":{"temperature":21,"moisture":31}}]}}\n`,
  )
  await collect()
  expect((await run("history/herbs-1.json")).said[0]).toBe(
    "✔ history/herbs-1.json: 1 reading in 1 survey, 1 new or changed",
  )
  expect((await run("history/up.jsonl", "--format", "ttn")).said[0]).toBe(
    "✔ history/up.jsonl: 1 reading in 1 survey, nothing new or changed",
  )
})

test("import takes them into a gateway that runs, which delivers them", async () => {
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  expect((await run("history/all.csv", "--format", "own", "--device", "herbs")).said[0]).toBe(
    "✔ history/all.csv: 1 reading in 1 survey, 1 new or changed",
  )
  expect((await run("history/all.csv", "--format", "own", "--from", "2024-03-01")).said).toEqual([
    "✔ history/all.csv: 1 reading in 1 survey, 1 new or changed",
  ])
})

test("import --dry-run shows what would be stored, and stores nothing", async () => {
  const { stdout, said, exit } = await run("history/all.csv", "--format", "own", "--dry-run")
  expect(
    stdout
      .split("\n")
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .filter((line) => line !== ""),
  ).toEqual([
    "192.168.1.2 tomatoes 2024-02-29 to 2024-03-01 2 days 2 readings",
    "192.168.1.3 herbs 2024-02-29 to 2024-02-29 1 day 1 reading",
    ...TOMATOES.map((line) => line.replace("1.2 ", "1.2 tomatoes ")),
    ...HERBS.map((line) => line.replace("1.3 ", "1.3 herbs ")),
  ])
  expect(said).toEqual(["✔ history/all.csv: 3 readings would be stored; nothing was"])
  expect([exit, await Bun.file(join(site.folder, "data/gateway.db")).exists()]).toEqual([0, false])
})

test.each([
  [["history/all.csv"], "history/all.csv does not say whose readings it holds: name the device, as --device tomatoes"],
  [
    ["history/all.csv", "--device", "herbs"],
    "history/all.csv does not say of which day it is: say so with --day 2026-11-21, or in its name; or name its --format",
  ],
  [["history/all.csv", "--format", "onw"], "--format onw is not known, did you mean own?"],
  [["history/none.csv", "--format", "own"], "history/none.csv not found"],
  [[], "Name the files that hold the history: import export/bed3.csv"],
])("import %j is told in a line", async (args, message) => {
  const { said, exit } = await run(...args, ...(args.includes("history/none.csv") ? ["--dry-run"] : []))
  expect({ said, exit }).toEqual({ said: [message], exit: 2 })
})
