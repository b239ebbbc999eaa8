// `bun run init` as a person types it: with options, without a terminal, and before one.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { loadTopology } from "../../../src/topology/yaml/load"
import { MAIN, runCommand } from "../command"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "init-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

const init = (...args: readonly string[]) => runCommand(folder, "init", ...args)
const load = (name = "farm") => loadTopology(join(folder, name, "topology.yaml"), {})
const text = (name = "farm") => readFileSync(join(folder, name, "topology.yaml"), "utf8")
const yesterdays = (day: Temporal.PlainDate, ip: string) => join(folder, "farm/surveys", String(day), `${ip}.txt`)

describe("init with options", () => {
  test("writes what they say, and defaults for the rest", async () => {
    const { stdout, stderr, exit } = await init(
      "farm",
      "--devices",
      "tomatoes,herbs",
      "--at",
      "6:30",
      "--time-zone",
      "UTC",
    )
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 0 })
    expect(stderr).toContain("✔ farm/topology.yaml: 2 devices\n")
    expect(stderr).toContain("bun run check --topology farm/topology.yaml")
    expect(stderr).toContain("bun run start --once --topology farm/topology.yaml")
    expect(stderr).toMatch(/farm\/surveys\/\d{4}-\d\d-\d\d\/192\.168\.1\.2\.txt/)
    expect(statSync(join(folder, "farm/surveys")).isDirectory()).toBe(true)
    const topology = await load()
    expect(topology).toMatchObject({ site: "farm", sample: false, timeZone: "UTC", warnings: [] })
    expect(topology.schedule.cron).toBe("30 6 * * *")
    expect([...topology.devices].map(({ ip, name, survey }) => [ip, name, survey])).toEqual([
      ["192.168.1.2", "tomatoes", "surveys/{day}/192.168.1.2.txt"],
      ["192.168.1.3", "herbs", "surveys/{day}/192.168.1.3.txt"],
    ])
  })

  test("takes the zone of this machine, and the first neighbours of the gateway's two addresses", async () => {
    await init("farm", "--device-network", "10.7.0.1/16", "--cloud-network", "172.16.0.9/28", "--devices", "3")
    const topology = await load()
    expect(topology.timeZone).toBe(Temporal.Now.timeZoneId())
    expect(topology.cloud.address).toBe("172.16.0.1")
    expect([...topology.devices].map(({ ip, name }) => [ip, name])).toEqual([
      ["10.7.0.2", "device1"],
      ["10.7.0.3", "device2"],
      ["10.7.0.4", "device3"],
    ])
  })

  test.each([
    ["my garden", "my-garden"],
    ["日本", "site"],
  ])("the folder's name is the site's, as far as it can be: %p", async (name, site) => {
    const { stderr } = await init(name)
    expect((await load(name)).site).toBe(site)
    expect(stderr).toContain(`bun run check --topology '${name}/topology.yaml'\n`)
  })

  test("a fleet is one range", async () => {
    await init("farm", "--device-network", "10.0.0.1/8", "--first-device", "10.1.0.1", "--devices", "1000000")
    expect((await load()).devices.size).toBe(1_000_000)
    expect(text()).toContain('- { ip: 10.1.0.1-10.16.66.64, survey: "surveys/{day}/{ip}.txt" }')
  })

  test("check names only the surveys that are to be written", async () => {
    await init("farm", "--devices", "2")
    const { stderr, exit } = await runCommand(folder, "check", "--topology", "farm/topology.yaml")
    const [first, second, keys, sum, ...more] = stderr.trimEnd().split("\n")
    expect(first).toMatch(/192\.168\.1\.2: surveys\/.*\/192\.168\.1\.2\.txt not found$/)
    expect(second).toMatch(/192\.168\.1\.3: surveys\/.*\/192\.168\.1\.3\.txt not found$/)
    expect(keys).toContain("Without keys: keep both legs on a network that you trust.")
    expect(sum).toContain("topology.yaml is sound, its surveys are not: 2 problems; 2 devices")
    expect([more, exit]).toEqual([[], 2])
  })

  test("the comment for editors leads to the schema", async () => {
    await init("farm")
    const [, schema = ""] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text()) ?? []
    expect(existsSync(resolve(folder, "farm", schema))).toBe(true)
  })

  test.each([
    [
      ["--site", "my farm"],
      '--site must be up to 64 letters, digits, - _ . with a letter or digit first: it is "my farm"',
    ],
    [
      ["--time-zone", "Europe/Rom"],
      '--time-zone must be a time zone such as Europe/Rome: it is "Europe/Rom", did you mean Europe/Rome?',
    ],
    [["--at", "24:00"], '--at must be a time such as 06:00: it is "24:00"'],
    [
      ["--device-network", "192.168.1.1"],
      "--device-network must be an IPv4 address and its prefix, such as 192.168.1.1/24",
    ],
    [["--cloud", "10.10.10.255"], "--cloud 10.10.10.255 is the broadcast address of 10.10.10.0/24"],
    [["--devices", "0"], "--devices must hold at least one device"],
    [["--devices", "a,,b"], '--devices must be one line of at most 64 printable characters: it is ""'],
    [
      ["--devices", "300"],
      "--devices 192.168.1.2-192.168.2.45 is not in 192.168.1.0/24, the network of gateway.interfaces",
    ],
    [["--first-device", "192.168.1.1"], "--first-device 192.168.1.1 is the gateway's own address"],
    [
      ["--first-device", "192.168.1.2-192.168.1.9"],
      "--first-device must be an IPv4 address such as 192.168.1.2: it is",
    ],
    [["--sites", "x"], "--sites is not an option, did you mean --site?"],
    [["another"], "Name one folder: bun run init greenhouse"],
  ])("%p is one clear line, exit 2, and writes nothing", async (args, message) => {
    const { stderr, exit } = await init("farm", ...args)
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)])
    expect([exit, readdirSync(folder)]).toEqual([2, []])
  })

  test("no folder is one clear line, exit 2", async () => {
    expect(await init()).toEqual({ stdout: "", stderr: "Name one folder: bun run init greenhouse\n", exit: 2 })
  })

  test("a topology that is there is left alone, exit 2, and nothing is written beside it", async () => {
    mkdirSync(join(folder, "farm"))
    writeFileSync(join(folder, "farm/topology.yaml"), "mine")
    const { stderr, exit } = await init("farm", "--devices", "2")
    expect(stderr).toBe("farm/topology.yaml is there already and stays as it is: name another folder, or edit it\n")
    expect([exit, text(), readdirSync(join(folder, "farm"))]).toEqual([2, "mine", ["topology.yaml"]])
  })

  test("a file of the folder's name is one clear line, exit 2", async () => {
    writeFileSync(join(folder, "farm"), "a file")
    const { stderr, exit } = await init("farm")
    expect(stderr).toBe("farm/topology.yaml cannot be opened: a file stands where a folder must be\n")
    expect(exit).toBe(2)
  })
})

test("names of any characters are written so that they are read as they were", async () => {
  await init("farm", "--devices", `it's "so",a: b,#x,007,[y],{z},*w,日本 🌱,null,- q,\\n`)
  const names = [...(await load()).devices].map(({ name }) => name)
  expect(names).toEqual(['it\'s "so"', "a: b", "#x", "007", "[y]", "{z}", "*w", "日本 🌱", "null", "- q", "\\n"])
})

test("a whole walk: a topology by options, a survey of yesterday, one collection, the readings", async () => {
  await init("farm", "--site", "orchard", "--devices", "tomatoes,herbs", "--time-zone", "UTC")
  writeFileSync(
    join(folder, "farm/topology.yaml"),
    text().replace("port: 10005", "port: 0").replace("port: 8001", "port: 0"),
  )
  const today = Temporal.Now.plainDateISO("UTC")
  for (const day of [today.subtract({ days: 1 }), today]) {
    // midnight may pass
    mkdirSync(join(folder, "farm/surveys", String(day)))
    writeFileSync(yesterdays(day, "192.168.1.2"), "08:00 - 20 - 30%\n")
    writeFileSync(yesterdays(day, "192.168.1.3"), "09:00 - 21 - 31%\n")
  }
  const topology = ["--topology", "farm/topology.yaml"]
  expect(await runCommand(folder, "check", ...topology)).toMatchObject({ exit: 0 })
  const listing = "192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.3 - 09:00 - 21 - 31%\n"
  expect(await runCommand(folder, "start", "--once", ...topology)).toMatchObject({ stdout: listing, exit: 0 })
  expect(await runCommand(folder, "readings", ...topology)).toMatchObject({ stdout: listing, exit: 0 })
  expect(await runCommand(folder, "status", ...topology)).toMatchObject({ exit: 0 })
})

describe("init before a terminal", () => {
  /** A person who types each of these when the programme has asked so many questions. */
  async function person(...typed: readonly string[]): Promise<{ screen: string; exit: number }> {
    let screen = ""
    const waiting = [...typed]
    const child = Bun.spawn([process.execPath, MAIN, "init", "farm"], {
      cwd: folder,
      terminal: {
        cols: 200,
        data(terminal, bytes) {
          screen += new TextDecoder().decode(bytes)
          if (!/\] $/.test(screen)) return
          screen += "\n"
          terminal.write(waiting.shift() ?? "\u0004")
        },
      },
    })
    const exit = await child.exited
    return { screen: screen.replaceAll("\r", "").replaceAll(/\x1b\[\d*m/g, ""), exit }
  }

  const ENTER = "\n"

  test("asks for all of it, and Enter takes each default", async () => {
    const { screen, exit } = await person(...Array(8).fill(ENTER))
    expect(screen).toContain("The site's name, part of every stored reading [farm] ")
    expect(screen).toContain(`The zone of days and times, such as Europe/Rome [${Temporal.Now.timeZoneId()}] `)
    expect(screen).toContain("✔ farm/topology.yaml: 1 device\n")
    expect(exit).toBe(0)
    expect((await load()).site).toBe("farm")
  })

  test("asks again, with the reason, until the answer keeps to the rules", async () => {
    const zone = "Europe/Rome\n"
    const answers = ["my farm\n", "orchard\n", zone, "7:15\n", "10.0.0.1/24\n", ENTER, "cloud.example.org\n", "a,b\n"]
    const { screen, exit } = await person(...answers, "10.0.1.5\n", "10.0.0.5\n")
    expect(screen).toContain(
      '⚠ Must be up to 64 letters, digits, - _ . with a letter or digit first: it is "my farm"\n',
    )
    expect(screen).toContain("⚠ 10.0.1.5 is not in 10.0.0.0/24, the network of gateway.interfaces.devices\n")
    expect(screen).toContain("[10.0.0.2] ") // the first neighbour of what was answered before
    expect(exit).toBe(0)
    const { site, schedule, cloud, devices } = await load()
    expect([site, schedule.cron, cloud.address]).toEqual(["orchard", "15 7 * * *", "cloud.example.org"])
    expect([...devices].map(({ ip, name }) => [ip, name])).toEqual([
      ["10.0.0.5", "a"],
      ["10.0.0.6", "b"],
    ])
  })

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s ends it without having written anything, exit 1, whenever it comes", async (_name, key) => {
    for (const answered of [0, 1, 7]) {
      const { screen, exit } = await person(...Array(answered).fill(ENTER), key)
      expect(screen).toEndWith("Nothing was written.\n")
      expect([exit, readdirSync(folder)]).toEqual([1, []])
    }
  })
})
