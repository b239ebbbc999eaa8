// `bun run quarantine` as a person types it, with and without a gateway that runs.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Quarantine } from "../../../src/gateway/quarantine/quarantine"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { UdpSocket } from "../../../src/net/udp"
import { loadTopology, Network } from "../../../src/network"
import { DurableDatabase } from "../../../src/storage/database"
import { dayBefore } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import { MONDAY_AT_SIX, Site, until } from "../../end-to-end/fixture"
import { runCommand } from "../command"

const BAD = "08:00 - 20 - 30%\n09:00 - 20 - 130%\nrubbish\n"
const FILES = { "surveys/device1.txt": BAD, "surveys/device2.txt": BAD }
const DAY = "2026-11-22"

let site: Site
beforeEach(async () => {
  site = await Site.make({ files: FILES })
})
afterEach(() => site[Symbol.asyncDispose]())

const run = (...args: string[]) => runCommand(site.folder, "quarantine", ...args)

const list = async (...args: string[]) => JSON.parse((await run("--json", ...args)).stdout)

const startNetwork = () =>
  Network.start(site.topology, {
    ...site.options,
    readTopology: async () => {
      running?.update(await loadTopology(join(site.folder, "topology.yaml"), {}))
      return "read"
    },
  })
let running: Network | undefined

async function collect(scheduledAt = MONDAY_AT_SIX): Promise<void> {
  await using network = await startNetwork()
  await network.collect({ scheduledAt })
}

/** Plain text from 127.0.0.1, which speaks for any device of a simulated network; the gateway's answer. */
async function send(network: Network, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = await UdpSocket.open({
    address: "127.0.0.1",
    port: 0,
    onDatagram: (datagram) => resolve(Buffer.from(datagram).toString()),
  })
  socket.send(Buffer.from(text), { address: "127.168.1.1", port: network.ports.gateway })
  return promise.finally(() => socket.close())
}

describe("without a gateway that runs", () => {
  beforeEach(() => collect())

  test("lists oldest first in a table, and for programs", async () => {
    const { stdout, stderr, exit } = await run()
    const lines = stdout.trimEnd().split("\n")
    expect(lines[0]).toBe("when, Europe/Rome    device                day         kind  bytes              why")
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(21))
        .sort(),
    ).toEqual([
      `192.168.1.2 tomatoes  ${DAY}  line  09:00 - 20 - 130%  line 2: Humidity must be 0 to 100 %: it is 130`,
      `192.168.1.2 tomatoes  ${DAY}  line  rubbish            line 3: A reading must be written "08:00 - 20 - 30%": it is rubbish`,
      `192.168.1.3 herbs     ${DAY}  line  09:00 - 20 - 130%  line 2: Humidity must be 0 to 100 %: it is 130`,
      `192.168.1.3 herbs     ${DAY}  line  rubbish            line 3: A reading must be written "08:00 - 20 - 30%": it is rubbish`,
    ])
    for (const line of lines.slice(1)) expect(line).toMatch(/^2026-11-23 06:\d\d:\d\d {2}/)
    expect(stderr).toContain("Quarantine: 4 refused lines")
    expect(exit).toBe(0)
    const rows = await list("--device", "192.168.1.3")
    expect(rows).toHaveLength(2)
    expect(await list("--device", "herbs")).toEqual(rows)
    expect(rows[1]).toEqual({
      at: expect.stringMatching(/^2026-11-23T05:/),
      kind: "line",
      device: "192.168.1.3",
      name: "herbs",
      day: DAY,
      sender: "192.168.1.3",
      peer: expect.stringMatching(/^127\.168\.1\.3:\d+$/),
      reason: 'line 3: A reading must be written "08:00 - 20 - 30%": it is rubbish',
      size: 7,
      text: "rubbish",
      base64: null,
    })
  })

  test("--retry and --clear work at once, and say what became of how many", async () => {
    expect((await run("--retry")).stderr).toContain("✔ Quarantine: 0 taken in, 4 refused still")
    expect((await run("--clear", "--device", "192.168.1.2", "--day", DAY)).stderr).toContain("2 entries dropped")
    expect((await run("--clear", "--kind", "message")).stderr).toContain("0 entries dropped")
    expect(await list()).toHaveLength(2)
    expect((await run("--clear")).stderr).toContain("2 entries dropped")
    expect(await list()).toEqual([])
    expect((await run()).stderr).toContain("Quarantine: empty")
  })

  test("--retry brings in what today's rules take, as far as the cloud's store", async () => {
    const now = Date.now() // the command's own clock
    site.clock.forward(now - site.clock.now())
    await collect(now)
    const day = dayBefore(now, "Europe/Rome")
    const line = { kind: "line", reason: "line 4: an older rule", bytes: "10:00 - 5 - 50%", day } as const
    const database = DurableDatabase.open(site.topology.gateway.spool, SPOOL, "simulated")
    const quarantine = new Quarantine(database, 100)
    database.transaction(() => quarantine.add(now, { ...line, address: parseAddress("192.168.1.2") }))
    database.close()

    expect(await list("--last", "1d")).toHaveLength(5)
    expect(await list("--from", day)).toHaveLength(5)
    expect((await run("--retry", "--last", "1d")).stderr).toContain("✔ Quarantine: 1 taken in, 4 refused still")
    expect(await list("--day", day)).toHaveLength(4)
    await using _network = await startNetwork()
    await until(async () => (await site.stored()).includes(`${day} 192.168.1.2 10:00 5 50`))
  })
})

describe("beside a gateway that runs", () => {
  test("a stranger's survey is brought in, and to the cloud, once it is declared", async () => {
    await using network = await startNetwork()
    running = network
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
    const text = "192.168.1.77 10:00 - 5 - 50%"
    expect(await send(network, text)).toBe("192.168.1.77 is not a") // as long as what it sent
    let rows = []
    while (rows.length === 0) rows = await list("--kind", "stranger")
    expect(rows).toMatchObject([{ text, sender: "127.0.0.1", reason: "192.168.1.77 is not a declared device" }])

    const yaml = await readFile(join(site.folder, "topology.yaml"), "utf8")
    await site.write("topology.yaml", `${yaml}  - { ip: 192.168.1.77 }\n`)
    const { stderr, exit } = await run("--retry", "--kind", "stranger")
    expect(stderr).toContain("✔ Quarantine: 1 taken in, 0 refused still")
    expect(exit).toBe(0)
    await until(async () => (await site.stored()).includes(`${DAY} 192.168.1.77 10:00 5 50`))
    expect(site.logged).toContain("info Quarantine: 1 taken in, 0 refused still")
    expect(await list("--kind", "stranger")).toEqual([])
    expect(await list()).toHaveLength(4)
  })

  test("--clear drops what was seen at once, and both sides say so", async () => {
    await collect()
    await using _network = await startNetwork()
    expect((await run("--clear", "--device", "192.168.1.2")).stderr).toContain("✔ Quarantine: 2 entries dropped")
    expect(site.logged).toContain("info Quarantine: 2 entries dropped")
    expect(await list()).toHaveLength(2)
  })
})

test.each([
  [["--retry", "--clear"], "--retry or --clear, one at a time"],
  [["--retry", "--json"], "--json is for the list"],
  [["--kind", "lines"], "--kind lines is not known, did you mean line?"],
  [["--device", "tomatos"], "--device tomatos is neither an address nor a name in greenhouse, did you mean tomatoes?"],
  [["--last", "7d", "--day", DAY], "--last says which days: leave out --day, --from and --to"],
  [["--day", "yesterday"], "A day is written 2026-11-21: it is yesterday"],
  [[], "does not exist yet: nothing was collected so far"],
])("%p is one clear line, exit 2", async (args, message) => {
  const { stdout, stderr, exit } = await run(...args)
  expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)])
  expect(stdout).toBe("")
  expect(exit).toBe(2)
})
