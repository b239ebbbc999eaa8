// Several clouds on one server: whichever takes the deliveries, a day is listed once, and news are told once.
import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { readCloudStatus } from "../../src/cloud/status"
import { placeOf } from "../../src/cloud/store/open"
import { loadTopology, Network, type NetworkOptions, type Roles, type Topology } from "../../src/network"
import { EVERY_ADDRESS } from "../../src/topology/address"
import { missingPostgres, PATIENCE_MS, sharedPostgres } from "../postgres"
import { DAY_MS, MONDAY_AT_SIX, Site, until } from "./fixture"

setDefaultTimeout(PATIENCE_MS)

const CLOUD: Roles = { cloud: true, gateway: false, devices: [] }
const REST: Roles = { cloud: false, gateway: true, devices: [EVERY_ADDRESS] }
const TOLD = "told.txt"
/** Tells whom it was told, a line each. */
const SCRIPT = `import { appendFileSync } from "node:fs"
export default ({ began, ended }) => appendFileSync(import.meta.dir + "/${TOLD}", began.length + " " + ended.length + "\\n")`

interface Clouds {
  readonly site: Site
  /** Lines that each has listed. */
  readonly listed: readonly [string[], string[]]
  start(which: 0 | 1, options?: NetworkOptions): Promise<Network>
  /** One run, towards one of them. */
  collect(day: number, to: Network): ReturnType<Network["collect"]>
  told(): Promise<string[]>
  /** On the server. */
  run(sql: string): Promise<unknown>
}

async function twoClouds(extra = ""): Promise<Clouds> {
  const site = await Site.make({ speed: 10, extra })
  await site.write("alert.ts", SCRIPT)
  const { file } = site.topology
  const yaml = await readFile(file, "utf8")
  const url = await (await sharedPostgres()).emptyUrl()
  const topologyAt = async (address: string, port = 0): Promise<Topology> => {
    await writeFile(file, yaml.replace("10.10.10.2, port: 0", `${address}, port: ${port}, store: "${url}"`))
    return loadTopology(file, {})
  }
  const listed: [string[], string[]] = [[], []]
  const addresses = new Map<Network, string>()
  let today = 0
  const start = async (which: 0 | 1, options?: NetworkOptions) => {
    const address = `10.10.10.1${which}`
    const network = await Network.start(await topologyAt(address), {
      ...site.options,
      ...options,
      roles: CLOUD,
      print: (lines) => void listed[which].push(...lines.trimEnd().split("\n")),
    })
    addresses.set(network, address)
    return network
  }
  const collect = async (day: number, to: Network) => {
    if (day > today) site.clock.forward((day - today) * DAY_MS)
    today = day
    const topology = await topologyAt(addresses.get(to) ?? "", to.ports.cloud)
    await using network = await Network.start(topology, { ...site.options, roles: REST })
    return await network.collect({ scheduledAt: MONDAY_AT_SIX + day * DAY_MS })
  }
  const told = async () => {
    const text = await readFile(join(site.folder, TOLD), "utf8").catch(() => "")
    return text.trimEnd().split("\n")
  }
  const run = async (sql: string) => (await sharedPostgres()).run(sql, url)
  return { site, listed, start, collect, told, run }
}

describe.skipIf(missingPostgres !== undefined)("two clouds", () => {
  test("take each other's place, and what either has is there for the other", async () => {
    const { site, listed, start, collect } = await twoClouds()
    await using _site = site
    const one = await start(0)
    const other = await start(1)
    expect(await collect(0, one)).toMatchObject({ complete: true, stored: 8 })
    await one.stop()
    expect(await collect(0, other)).toMatchObject({ complete: true, stored: 0 })
    expect(await collect(1, other)).toMatchObject({ complete: true, stored: 8 })
    await other.stop()
    const again = await start(0)
    expect(await collect(1, again)).toMatchObject({ complete: true, stored: 0 })
    await again.stop()
    expect(listed.map(({ length }) => length)).toEqual([8, 8])
  })

  test("wait for a server that goes away again while they start", async () => {
    const { site, start, collect, run } = await twoClouds()
    await using _site = site
    await (await start(0)).stop()
    await run("ALTER TABLE sites RENAME TO elsewhere")
    const starting = start(0, { patient: true })
    await until(() => site.logged.some((line) => line.startsWith("warn Waiting for its store")))
    await run("ALTER TABLE elsewhere RENAME TO sites")
    await using cloud = await starting
    expect(await collect(0, cloud)).toMatchObject({ complete: true, stored: 8 })
  })

  test("tell news once, of a day that the other one has closed too", async () => {
    const { site, start, collect, told } = await twoClouds("alerts: { to: [ alert.ts ], rules: { dry: 19.5 } }")
    await using _site = site
    const [watching, other] = [await start(0), await start(1)]
    await collect(0, other)
    await until(async () => (await told())[0] !== "")
    expect(await told()).toEqual(["1 0"])
    await watching.stop()
    await site.write("surveys/device2.txt", "07:00 - 18 - 50%\n", MONDAY_AT_SIX + DAY_MS)
    await collect(1, other)
    await until(async () => (await told()).length > 1)
    await other.stop()
    expect(await told()).toEqual(["1 0", "0 1"])
    const { sites } = await readCloudStatus(placeOf(await loadTopology(site.topology.file, {})))
    expect(sites).toMatchObject([{ site: "greenhouse", days: 2, rules: { devices: 0 } }])
  })
})
