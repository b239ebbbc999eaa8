// Whose readings `bun run import` takes out of files that several devices have to do with.
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { Network } from "../../../src/network"
import { MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { runCommand } from "../command"

const FORMATS = `formats:
  port1:
    time: { column: Time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T1 }
    humidity: { column: H1 }
  port2:
    time: { column: Time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T2 }
    humidity: { column: H2 }
  station:
    time: { column: Time, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" }
    temperature: { column: T }
    humidity: { column: H }
    device: { column: Probe }
`
const DEVICES = [
  "{ ip: 192.168.1.2, name: shallow, survey: export/ports.csv, format: port1 }",
  "{ ip: 192.168.1.3, name: deep, survey: export/ports.csv, format: port2 }",
  "{ ip: 192.168.1.4, name: northA, survey: export/stA.csv, format: station, sensor: S1 }",
  "{ ip: 192.168.1.5, name: southA, survey: export/stB.csv, format: station, sensor: S1 }",
  "{ ip: 192.168.1.6, name: southB, survey: export/stB.csv, format: station, sensor: S2 }",
  '{ ip: 192.168.1.16-192.168.1.31, name: "row {ip}", survey: "surveys/{day}/{ip}.txt" }',
  "{ ip: 192.168.1.40, name: rotated, survey: export/rotated-*.csv, format: port1 }",
]
const FILES = {
  "export/ports.csv": "Time,T1,H1,T2,H2\n2024-02-28 08:00,10,30,20,50\n",
  "export/stA.csv": "Time,Probe,T,H\n2024-02-28 08:00,S1,11,31\n2024-02-28 09:00,S2,12,31\n",
  "export/stB.csv": "Time,Probe,T,H\n2024-02-28 08:00,S1,22,62\n2024-02-28 08:00,S2,23,63\n",
  "export/rotated-7.csv": "Time,T1,H1\n2024-02-28 08:00,40,40\n",
  "old/st.csv": "Time,Probe,T,H\n2024-02-28 10:00,S1,33,73\n",
  "surveys/2024-02-28/192.168.1.17.txt": "08:00 - 17 - 17%\n",
}

setDefaultTimeout(30_000) // several commands a test

let site: Site
beforeEach(async () => {
  site = await Site.make({ devices: DEVICES, files: FILES, extra: FORMATS })
})
afterEach(() => site[Symbol.asyncDispose]())

async function run(...args: string[]) {
  const { stdout, stderr, exit } = await runCommand(site.folder, "import", ...args, "--dry-run")
  const rows = stdout.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " "))
  return { taken: rows.filter((row) => row.endsWith("%")), said: stderr.trimEnd().split("\n"), exit }
}

describe("import of a file that several devices read with formats of their own", () => {
  const SHALLOW = "192.168.1.2 shallow 2024-02-28 08:00 - 10 - 30%"
  const DEEP = "192.168.1.3 deep 2024-02-28 08:00 - 20 - 50%"

  test("reads it for each by its own", async () => {
    expect(await run("export/ports.csv")).toMatchObject({ taken: [SHALLOW, DEEP], exit: 0 })
  })

  test("reads it by that of the device that is named", async () => {
    expect((await run("export/ports.csv", "--device", "deep")).taken).toEqual([DEEP])
    expect((await run("export/ports.csv", "--device", "shallow")).taken).toEqual([SHALLOW])
  })

  test("is no mistake to whoever reads topology.yaml", async () => {
    const { stderr } = await runCommand(site.folder, "check")
    expect(stderr).not.toContain("is also the survey of")
  })
})

describe("import of a file in which two devices may have one name", () => {
  test("takes it as that of the device whose survey it is", async () => {
    expect(await run("export/stA.csv")).toEqual({
      taken: ["192.168.1.4 northA 2024-02-28 08:00 - 11 - 31%"],
      said: [
        "export/stA.csv: 1 row of S2, whom no device of which it is the survey in topology.yaml has as its sensor or name",
        "✔ export/stA.csv: 1 reading would be stored; nothing was",
      ].map((line) => expect.stringContaining(line)),
      exit: 1,
    })
    expect((await run("export/stB.csv")).taken).toEqual([
      "192.168.1.5 southA 2024-02-28 08:00 - 22 - 62%",
      "192.168.1.6 southB 2024-02-28 08:00 - 23 - 63%",
    ])
  })

  test("refuses it where it is nobody's survey, with both, until one is named", async () => {
    expect(await run("old/st.csv", "--format", "station")).toEqual({
      taken: [],
      said: [
        "old/st.csv: rows of S1 may be of 192.168.1.4 northA or of 192.168.1.5 southA: name the device, as --device 192.168.1.5",
      ],
      exit: 2,
    })
    expect((await run("old/st.csv", "--format", "station", "--device", "northA")).taken).toEqual([
      "192.168.1.4 northA 2024-02-28 10:00 - 33 - 73%",
    ])
    expect((await run("old/st.csv", "--device", "southA")).taken).toEqual([
      "192.168.1.5 southA 2024-02-28 10:00 - 33 - 73%",
    ])
  })
})

test("import knows device and day by the path that topology.yaml gives", async () => {
  const row = "192.168.1.17 row 192.168.1.17 2024-02-28 08:00 - 17 - 17%"
  expect(await run("surveys/2024-02-28/192.168.1.17.txt")).toMatchObject({ taken: [row], exit: 0 })
  expect((await run("surveys/2024-02-28/192.168.1.17.txt", "--device", "192.168.1.17")).taken).toEqual([row])
  expect((await run("export/rotated-7.csv")).taken).toEqual(["192.168.1.40 rotated 2024-02-28 08:00 - 40 - 40%"])
})

test("import says where a file has nothing of whom it was asked for", async () => {
  expect(await run("old/st.csv", "--device", "southB")).toEqual({
    taken: [],
    said: [
      expect.stringMatching(/old\/st.csv has no reading of 192.168.1.6 southB that could be taken: it has rows of S1$/),
    ],
    exit: 1,
  })
})

test("import tells refused rows of whom it takes, and counts those of others with their rows", async () => {
  const rows = ["S1,11,131", "S2,12,131", "S2,12,31", ",13,131"].map((row) => `2024-02-28 08:00,${row}\n`)
  await Bun.write(join(site.folder, "old/bad.csv"), `Time,Probe,T,H\n${rows.join("")}`)
  const { said } = await run("old/bad.csv", "--device", "northA")
  expect(said.map((line) => line.replace(/^\S+T\S+ /, ""))).toEqual([
    "✖ old/bad.csv:2 Humidity must be 0 to 100 %: it is 131",
    "✖ old/bad.csv:5 Humidity must be 0 to 100 %: it is 131",
    "✖ old/bad.csv has no reading of 192.168.1.4 northA that could be taken: it has rows of S2",
  ])
})

test("import before the network ever ran says what to do first", async () => {
  const { stderr, exit } = await runCommand(site.folder, "import", "export/ports.csv")
  expect([stderr.trim().replace(`${site.folder}/`, ""), exit]).toEqual([
    "data/gateway.db is not there yet, the gateway makes it: start the network once, then import: bun run start",
    2,
  ])
})

test("import before the first collection has ended says when it goes to the cloud", async () => {
  {
    await using _network = await Network.start(site.topology, site.options)
  }
  const { stderr } = await runCommand(site.folder, "import", "export/ports.csv")
  expect(stderr).toContain("It goes to the cloud when the first collection has ended")
  {
    await using network = await Network.start(site.topology, site.options)
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
  }
  const again = await runCommand(site.folder, "import", "export/ports.csv")
  expect(again.stderr).not.toContain("first collection")
  expect(await site.stored()).toContain("2024-02-28 192.168.1.3 08:00 20 50")
})
