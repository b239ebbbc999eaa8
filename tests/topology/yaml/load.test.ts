import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadTopology, parseTopology, TopologyError } from "../../../src/topology/yaml/load"
import { changed, problemsOf, SAMPLE } from "../sample"

const folder = mkdtempSync(join(tmpdir(), "topology-"))
afterAll(() => rmSync(folder, { recursive: true }))

const SAMPLE_FILE = new URL("../../../topology.yaml", import.meta.url).pathname

async function refusalOf(file: string): Promise<string> {
  const error: unknown = await loadTopology(file, {}).catch((error: unknown) => error)
  if (!(error instanceof TopologyError)) throw new Error(`${file} was not refused`)
  return String(error)
}

test("loadTopology() reads the sample network", async () => {
  const topology = await loadTopology(SAMPLE_FILE, {})
  expect(topology.site).toBe("greenhouse")
  expect(topology.gateway.interfaces.devices).toEqual({
    address: { ip: "192.168.1.1", address: 0xc0a80101, prefix: 24 },
    port: 10005,
  })
  expect(topology.gateway.retention.toString()).toBe("P90D")
  expect([...topology.devices].map(({ ip, name, survey, line }) => [ip, name, survey, line])).toEqual([
    ["192.168.1.2", "tomatoes", "surveys/device1.txt", 25],
    ["192.168.1.3", "herbs", "surveys/device2.txt", 26],
    ["192.168.1.4", "lemons", "surveys/device3.txt", 27],
    ["192.168.1.5", "nursery", "surveys/device4.txt", 28],
  ])
  expect(topology.warnings).toEqual([])
})

test("parseTopology() fills in the defaults", () => {
  const topology = parseTopology(
    changed(["site: greenhouse\n", ""], ["timeZone: Europe/Rome\n", ""]),
    "/farm/topology.yaml",
  )
  expect(topology).toMatchObject({
    site: "site",
    timeZone: Temporal.Now.timeZoneId(),
    bufferSize: 4096,
    limits: {
      survey: 1024 * 1024,
      quarantine: 10_000,
      perPeer: { datagramsPerSecond: 2000, transfers: 16, messages: 1024, connections: 64 },
      overall: { datagramsPerSecond: 200_000, transfers: 4096, messages: 16_384, connections: 1024 },
    },
    gateway: { interfaces: { devices: { port: 10005 } }, spool: "/farm/data/gateway.db" },
    cloud: {
      address: "10.10.10.2",
      port: 8001,
      store: "/farm/data/cloud.db",
      console: "readings",
      sites: [{ site: "site" }],
    },
    file: "/farm/topology.yaml",
    folder: "/farm",
  })
  const { schedule, transmission, gateway } = topology
  const durations = [schedule.grace, transmission.ackTimeout, gateway.retention].map(String)
  expect(durations).toEqual(["PT15M", "PT2S", "P90D"])
  expect(transmission.maxRetransmit).toBe(4)
})

test.each([
  "2026-11-22",
  "2026-11-22T06:00:00Z",
  "12:30",
  "1_000",
  "yes",
  "off",
  "1.2.3",
  "0b11",
  "a{ip}",
])("parseTopology() takes the name %s as the text that it is", (name) => {
  const line = "{ ip: 192.168.1.2, survey: one.txt }"
  const { devices } = parseTopology(changed([line, `ip: 192.168.1.2\n    name: ${name}`]), "t.yaml")
  expect(devices.entries[0]?.name).toBe(name)
})

test("parseTopology() reads sizes with units, and in bytes", () => {
  const { limits } = parseTopology(changed(["site", "limits: { survey: 512KiB, spool: 2147483648 }\nsite"]), "t.yaml")
  expect([limits.survey, limits.spool]).toEqual([512 * 1024, 2 * 1024 ** 3])
})

test("parseTopology() puts data/ into the state directory, and nothing else", () => {
  const text = changed(
    ["  interfaces:", "  spool: ./data/deep/gateway.db\n  interfaces:"],
    ["  address: 10", "  store: cloud.db\n  address: 10"],
  )
  const { gateway, cloud } = parseTopology(text, "/farm/topology.yaml", {
    STATE_DIRECTORY: "/var/lib/meter:/var/lib/other",
  })
  expect(gateway.spool).toBe("/var/lib/meter/deep/gateway.db")
  expect(cloud.store).toBe("/farm/cloud.db")
  expect(parseTopology(text, "/farm/topology.yaml").gateway.spool).toBe("/farm/data/deep/gateway.db")
})

test.each([
  ["/etc/smart-meter", "/var/lib/smart-meter/gateway.db"],
  ["/etc/smart-meter-simulated", "/var/lib/smart-meter-simulated/gateway.db"],
  ["/etc/smart-meter/old", "/etc/smart-meter/old/data/gateway.db"],
  ["/etc/meters", "/etc/meters/data/gateway.db"],
])("parseTopology() finds the data of a topology in %s without systemd's word", (at, spool) => {
  expect(parseTopology(SAMPLE, `${at}/topology.yaml`).gateway.spool).toBe(spool)
  const environment = { STATE_DIRECTORY: "/srv/state" }
  expect(parseTopology(SAMPLE, `${at}/topology.yaml`, environment).gateway.spool).toBe("/srv/state/gateway.db")
})

test("parseTopology() tells every problem at once, with its source line and a caret", () => {
  const text = changed(
    ["timeZone: Europe/Rome", "bufersize: 4096"],
    ['"0 6 * * *"', '"0 6,18 * * *"\n  grace: 15'],
    ["192.168.1.2,", "192.168.2.7,"],
    ["192.168.1.3, survey", "192.168.1.1, surwey"],
  )
  expect(() => parseTopology(text, "topology.yaml")).toThrow(
    `topology.yaml:2:1 bufersize: is not a key here, did you mean bufferSize?
  bufersize: 4096
  ^
topology.yaml:4:9 schedule.cron: must fire at most once a day, as "0 6 * * *" does: it is "0 6,18 * * *"
    cron: "0 6,18 * * *"
          ^
topology.yaml:5:10 schedule.grace: must be a number with ms, s, m, h or d, from 1ms to 23h: it is 15
    grace: 15
           ^
topology.yaml:13:11 devices[0].ip: 192.168.2.7 is not in 192.168.1.0/24, the network of gateway.interfaces.devices
    - { ip: 192.168.2.7, survey: one.txt }
            ^
topology.yaml:14:11 devices[1].ip: 192.168.1.1 is the gateway's own address, at gateway.interfaces.devices
    - { ip: 192.168.1.1, surwey: two.txt }
            ^
topology.yaml:14:24 devices[1].surwey: is not a key here, did you mean survey?
    - { ip: 192.168.1.1, surwey: two.txt }
                         ^`,
  )
})

test.each([
  [
    "a missing key",
    ["  address: 10.10.10.2", "  port: 1"],
    "9:1 cloud: has no address: write `address: 10.10.10.2` (the cloud's IPv4 address or host name)",
  ],
  [
    "a missing section",
    ['schedule:\n  cron: "0 6 * * *"\n', ""],
    '0:0 : has no schedule: write `schedule: { cron: "0 6 * * *" }` (when devices send, and how long the gateway waits)',
  ],
  ["an empty value", ["site: greenhouse", "site:"], "1:1 site: is empty: give it a value, or remove the line"],
  [
    "an empty section",
    ["  address: 10.10.10.2\n", ""],
    "9:1 cloud: is empty: write `cloud: { address: 10.10.10.2 }` (the cloud, which stores and lists the readings)",
  ],
  [
    "a list for a section",
    ["  address: 10.10.10.2", "  - 10.10.10.2"],
    "10:3 cloud: must be a section of `key: value` lines: it is a list",
  ],
  [
    "text for a section",
    ["{ ip: 192.168.1.2, survey: one.txt }", "192.168.1.2"],
    '12:5 devices[0]: must be a section of `key: value` lines: it is "192.168.1.2"',
  ],
  [
    "a site with a space",
    ["greenhouse", "my house"],
    '1:7 site: must be up to 64 letters, digits, - _ . with a letter or digit first: it is "my house"',
  ],
  [
    "a site that is a number",
    ["greenhouse", "12"],
    '1:7 site: needs quotes, or YAML takes it for a number: write "12"',
  ],
  [
    "a small buffer",
    ["site", "bufferSize: 1151\nsite"],
    "1:13 bufferSize: must be a whole number from 1152 to 65507: it is 1151",
  ],
  [
    "a broken number",
    ["site", "bufferSize: 4096.5\nsite"],
    "1:13 bufferSize: must be a whole number from 1152 to 65507: it is 4096.5",
  ],
  [
    "a port out of range",
    ["  address: 10", "  port: 65536\n  address: 10"],
    "10:9 cloud.port: must be a whole number from 0 to 65535: it is 65536",
  ],
  [
    "a survey limit out of range",
    ["site", "limits: { survey: 16777217 }\nsite"],
    "1:19 limits.survey: must be a size such as 512MiB, or a number of bytes, from 1KiB to 16MiB: it is 16777217",
  ],
  [
    "a size in units of a thousand",
    ["site", "limits: { spool: 2GB }\nsite"],
    '1:18 limits.spool: must be a size such as 512MiB, or a number of bytes, from 1MiB to 1024TiB: it is "2GB"',
  ],
  [
    "a part of a byte",
    ["site", "limits: { survey: 1500.5 }\nsite"],
    "1:19 limits.survey: must be a size such as 512MiB, or a number of bytes, from 1KiB to 16MiB: it is 1500.5",
  ],
  [
    "a bound that lets nothing in",
    ["site", "limits: { perPeer: { transfers: 0 } }\nsite"],
    "1:33 limits.perPeer.transfers: must be a whole number from 1 to 1000000: it is 0",
  ],
  [
    "a word for a number",
    ["site", "transmission: { maxRetransmit: often }\nsite"],
    '1:32 transmission.maxRetransmit: must be a whole number from 0 to 10: it is "often"',
  ],
  [
    "a timeout out of range",
    ["site", "transmission: { ackTimeout: 2h }\nsite"],
    '1:29 transmission.ackTimeout: must be a number with ms, s, m, h or d, from 1ms to 60s: it is "2h"',
  ],
  [
    "an address without a prefix",
    ["10.10.10.1/24", "10.10.10.1"],
    '8:23 gateway.interfaces.cloud.address: must be an IPv4 address and its prefix, such as 10.10.10.1/24: it is "10.10.10.1"',
  ],
  [
    "a cloud that is no host",
    ["10.10.10.2", "10.10.10.300"],
    '10:12 cloud.address: must be an IPv4 address or a host name: it is "10.10.10.300"',
  ],
  [
    "a word that is near",
    ["  address: 10", "  console: sumary\n  address: 10"],
    '10:12 cloud.console: must be one of readings, summary, off: it is "sumary", did you mean summary?',
  ],
  ...(
    [
      [
        "[true]",
        "11:11 cloud.sites[0]: true is another site: say from where it may deliver, as { site: true, from: 203.0.113.0/24 }",
      ],
      [
        "[a b]",
        '11:11 cloud.sites[0]: must be up to 64 letters, digits, - _ . with a letter or digit first: it is "a b"',
      ],
      ["[]", "11:10 cloud.sites: must name at least one site, or be left out"],
      [
        "[{ site: farm-b }]",
        "11:11 cloud.sites[0]: farm-b is another site: say from where it may deliver, as { site: farm-b, from: 203.0.113.0/24 }",
      ],
      ["[{ from: 10.0.0.0/8 }]", "11:11 cloud.sites[0]: has no site: write `site: farm-b` (a site's name)"],
      ["[{ site: farm-b, frm: 10.0.0.0/8 }]", "11:27 cloud.sites[0].frm: is not a key here, did you mean from?"],
      [
        "[{ site: farm-b, from: 10.0.0.0/8, port: 80 }]",
        "11:45 cloud.sites[0].port: is not a key here: the keys are site, from, fingerprint",
      ],
      [
        "[{ site: farm-b, from: 10.0.0.0 }]",
        '11:33 cloud.sites[0].from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0.0"',
      ],
    ] as const
  ).map(
    ([sites, problem]) =>
      [`the sites ${sites}`, ["  address: 10.10.10.2", `  address: 10.10.10.2\n  sites: ${sites}`], problem] as const,
  ),
  [
    "no devices",
    ["  - { ip: 192.168.1.2, survey: one.txt }\n  - { ip: 192.168.1.3, survey: two.txt }", "  []"],
    "12:3 devices: must hold at least one device, such as { ip: 192.168.1.2 }",
  ],
  [
    "a reversed range",
    ["192.168.1.3,", "192.168.1.9-192.168.1.3,"],
    '13:11 devices[1].ip: must be a range from the lower address to the higher: it is "192.168.1.9-192.168.1.3"',
  ],
  [
    "a name of two lines",
    ["survey: one.txt", 'name: "a\\nb"'],
    '12:30 devices[0].name: must be one line of at most 64 printable characters: it is "a\\nb"',
  ],
  [
    "an unknown placeholder",
    ["one.txt", '"{date}.txt"'],
    '12:32 devices[0].survey: must be a file\'s path, in which {ip} and {day} may stand: it is "{date}.txt"',
  ],
  ["yes for true", ["survey: one.txt", "paused: yes"], '12:32 devices[0].paused: must be true or false: it is "yes"'],
  [
    "a name from Object's prototype",
    ["site: greenhouse", "constructor: 1"],
    "1:1 constructor: is not a key here: the keys are sample, site, timeZone, bufferSize, schedule, transmission, limits, alerts, security, page, gateway, cloud, formats, devices",
  ],
] as const)("parseTopology() refuses %s", (_, change, problem) => {
  expect(problemsOf(changed(change))).toEqual([problem])
})

test("parseTopology() names each unknown key of a section", () => {
  expect(
    problemsOf(changed(["site: greenhouse", "sitte: a\nzone: b"])).map((problem) => problem.split(":", 3).join(":")),
  ).toEqual(["1:1 sitte: is not a key here, did you mean site?", "2:1 zone: is not a key here"])
})

test.each([
  ["nothing", "", "1:1 : is empty: the README shows a whole one"],
  ["a list", "- a\n", "1:1 : must be a mapping of `key: value` lines: the README shows a whole one"],
  [
    "a second document",
    `${SAMPLE}---\nsite: b\n`,
    "14:1 : a second document begins here: remove `---` and what follows",
  ],
  ["a doubled key", `${SAMPLE}site: b\n`, "14:1 : this key stands here twice: keep one of them"],
  [
    "a custom tag",
    changed(["greenhouse", "!secret greenhouse"]),
    "1:7 : a tag (!) is not allowed here: write the plain value",
  ],
  [
    "an alias",
    changed(["greenhouse", "&a greenhouse"], ["Europe/Rome", "*a"]),
    "2:11 : an alias (*a) is not allowed here: write the value out",
  ],
  ["a tab", "site:\n\ta: b\n", "2:1 : a tab cannot indent a line: use spaces, here and in every line"],
  ["an old version", `%YAML 1.1\n---\n${SAMPLE}`, "1:1 : %YAML is not needed here: remove the line"],
  [
    "a colon too many",
    "a: b: c\n",
    "1:4 : a second key begins in this line: put all of them in { }, or text with a colon in quotes",
  ],
  [
    "a star without quotes",
    changed(['"0 6 * * *"', "*/5 6 * * *"]),
    '4:9 : needs quotes, as * is YAML\'s own: write "*/5 6 * * *"',
  ],
])("parseTopology() refuses %s in plain words", (_, text, problem) => {
  expect(problemsOf(text)).toEqual([problem])
})

test("parseTopology() tells what is wrong beside a doubled key", () => {
  expect(problemsOf(`${changed(["site: greenhouse", "sitte: a"])}cloud: { address: 10.10.10.2 }\n`)).toEqual([
    "1:1 sitte: is not a key here, did you mean site?",
    "14:1 : this key stands here twice: keep one of them",
  ])
})

test("parseTopology() refuses an alias bomb and deep nesting without opening them", () => {
  const bomb = Array.from({ length: 26 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}, *a${i - 1}` : "x"}]`).join("\n")
  expect(problemsOf(bomb).length).toBe(50)
  expect(problemsOf(`a: ${"[".repeat(20_000)}`)[0]).toEndWith("is nested too deeply")
})

test("parseTopology() shows a window of a long line, made printable", () => {
  const text = changed(["greenhouse", `"\u001b[31m${"x".repeat(500)}" # ${"y".repeat(500)}`])
  expect(() => parseTopology(text, "t.yaml")).toThrow(
    /^t\.yaml:1:7 site: [^\n]*\n {2}site: "\\u001b\[31mx{1,160}…\n {8}\^$/,
  )
})

test("parseTopology() keeps columns and lines with CRLF", () => {
  const text = changed(["192.168.1.3,", "192.168.2.7,"]).replaceAll("\n", "\r\n")
  expect(() => parseTopology(text, "t.yaml")).toThrow(/^t\.yaml:13:11 [^\n\r]*\n[^\r]*$/)
})

test("parseTopology() loads a fleet of a million at once, and 20,000 entries", () => {
  const wide = [
    ["192.168.1.1/24", "10.0.0.1/8"],
    ["10.10.10.1/24", "172.16.0.1/24"],
    ["10.10.10.2", "172.16.0.2"],
  ] as const
  const head = changed(...wide).split("  - ", 1)[0]
  const fleet = parseTopology(`${head}  - { ip: 10.0.0.2-10.15.66.65, survey: "{day}/{ip}.txt" }\n`, "t.yaml")
  expect(fleet.devices.size).toBe(1_000_000)
  expect(fleet.devices.get(10 * 2 ** 24 + 999)?.survey).toBe("{day}/10.0.3.231.txt")
  const entries = Array.from({ length: 20_000 }, (_, i) => `  - { ip: 10.1.${i >> 8}.${i & 255}, survey: ${i}.txt }\n`)
  const many = parseTopology(head + entries.join(""), "t.yaml")
  expect(many.devices.size).toBe(20_000)
  expect(many.devices.get(10 * 2 ** 24 + 2 ** 16 + 19_999)?.line).toBe(11 + 20_000)
})

test("loadTopology() refuses what is no readable file in one line that says what to do", async () => {
  const missing = join(folder, "missing.yaml")
  expect(await refusalOf(missing)).toBe(
    `${missing}: is not there: run this in the folder that holds it, or name it with --topology FILE`,
  )
  expect(await refusalOf(folder)).toBe(`${folder}: is not a file: name a topology.yaml with --topology FILE`)
  const latin = join(folder, "latin.yaml")
  writeFileSync(latin, Buffer.from([0x73, 0xe8]))
  expect(await refusalOf(latin)).toBe(`${latin}: is not UTF-8 text: save it as UTF-8`)
})

describe.each([
  ["gateway.spool", ["  interfaces:", "  spool: PLACE\n  interfaces:"], "6:10"],
  ["cloud.store", ["  address: 10.10.10.2", "  address: 10.10.10.2\n  store: PLACE"], "11:10"],
] as const)("loadTopology() refuses a %s", (key, [from, to], place) => {
  const at = async (path: string) => {
    const file = join(folder, "place.yaml")
    writeFileSync(file, changed([from, to.replace("PLACE", path)]))
    return (await refusalOf(file)).split("\n")[0]?.replace(`${file}:${place} ${key}: `, "")
  }

  beforeAll(() => {
    writeFileSync(join(folder, "plain"), "")
    symlinkSync("circle", join(folder, `circle`))
    Bun.spawnSync(["mkfifo", join(folder, "pipe")])
  })
  afterAll(() => {
    for (const name of ["plain", "circle", "pipe"]) rmSync(join(folder, name), { force: true })
  })

  test("that is a device", async () => {
    expect(await at("/dev/null")).toBe("must be a file: /dev/null is a device, name another place")
  })

  test("that is a pipe", async () => {
    expect(await at("pipe")).toBe(`must be a file: ${folder}/pipe is a pipe, name another place`)
  })

  test("that is a socket", async () => {
    using _socket = Bun.listen({ unix: join(folder, "socket"), socket: { data() {} } })
    expect(await at("socket")).toBe(`must be a file: ${folder}/socket is a socket, name another place`)
  })

  test("that is a folder", async () => {
    expect(await at(".")).toBe(`must be a file: ${folder} is a folder, name a file in it`)
  })

  test("below a file", async () => {
    const rule = `must be a file in a folder: ${folder}/plain is a file and no folder`
    expect([await at("plain/gateway.db"), await at("plain/data/gateway.db")]).toEqual([rule, rule])
  })

  test("whose links lead round in a circle", async () => {
    expect(await at("circle")).toBe(`must be a file: the links of ${folder}/circle lead round in a circle`)
  })

  test("whose name no disk takes", async () => {
    expect(await at("x".repeat(300))).toBe("must be a file: its name is too long")
  })
})

test("loadTopology() takes files that are there, and those that are yet to come", async () => {
  const file = join(folder, "sound.yaml")
  writeFileSync(file, changed(["  interfaces:", "  spool: sound.yaml\n  interfaces:"]))
  expect((await loadTopology(file, {})).gateway.spool).toBe(file)
  writeFileSync(file, changed(["  interfaces:", "  spool: not/yet/there.db\n  interfaces:"]))
  expect((await loadTopology(file, {})).gateway.spool).toBe(join(folder, "not/yet/there.db"))
})

test("loadTopology() names the section where a file that is not named in it has another's place", async () => {
  writeFileSync(join(folder, "state"), "")
  const file = join(folder, "default.yaml")
  writeFileSync(file, SAMPLE)
  const error: unknown = await loadTopology(file, { STATE_DIRECTORY: join(folder, "state") }).catch((error) => error)
  expect(String(error)).toContain(`${file}:6:3 gateway.spool: must be a file in a folder: ${folder}/state is a file`)
})

test("loadTopology() refuses a file larger than 64 MiB before it reads it", async () => {
  const huge = join(folder, "huge.yaml")
  writeFileSync(huge, "")
  truncateSync(huge, 64 * 1024 * 1024 + 1)
  expect(await refusalOf(huge)).toBe(
    `${huge}: is larger than 64 MiB: write a fleet as one range, such as ip: 10.0.0.2-10.0.39.255`,
  )
})

test.skipIf(process.getuid?.() === 0)("loadTopology() refuses a file that may not be read", async () => {
  const secret = join(folder, "secret.yaml")
  writeFileSync(secret, SAMPLE)
  chmodSync(secret, 0)
  expect(await refusalOf(secret)).toBe(`${secret}: may not be read: give this user leave to read it`)
})
