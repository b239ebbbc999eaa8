// topology.yaml is edited while a run lasts: the run, `status`, the monitor and the cloud tell the same of it, and the truth.
import { expect, test } from "bun:test"
import { readCloudStatus } from "../../src/cloud/status"
import { placeOf } from "../../src/cloud/store/open"
import { readGatewayStatus } from "../../src/gateway/report/status"
import { loadTopology, Network } from "../../src/network"
import { DEVICES, SAMPLE, Site, until } from "./fixture"

const GRACE_MS = 360_000
const LEMONS = "{ ip: 192.168.1.4, name: lemons, survey: surveys/device3.txt }"

/** What is said of a run that waits for lemons, of which there is no file, when somebody replaces a text of topology.yaml. */
async function whileRunning(text: string, by: string, then = async (_: Site) => {}) {
  await using site = await Site.make({ devices: [...DEVICES, LEMONS], grace: "6m", speed: 100 })
  const told: string[] = []
  await using network = await Network.start(site.topology, {
    ...site.options,
    listener: (event) => {
      site.hear(event)
      if (event.kind === "collection-closed") told.push(`${event.report.missing.length} missing`)
    },
  })
  const collecting = network.collect({ patient: true })
  await until(() => site.uploads.length === 2 && site.logged.some((line) => line.includes("Waiting for 192.168.1.4")))
  const yaml = await Bun.file(site.topology.file).text()
  await site.write("topology.yaml", yaml.replace(text, by))
  const edited = await loadTopology(site.topology.file, {})
  network.update(edited)
  await then(site)
  const { expected, missing, complete, elapsedMs } = await collecting
  const { run } = readGatewayStatus(edited, site.clock.now())
  const [stored] = (await readCloudStatus(placeOf(edited))).sites
  expect(run).toMatchObject({ expected, missing: missing.length, complete })
  expect(stored?.run).toMatchObject({ missing: missing.length, complete })
  const complaints = site.logged.filter((line) => /Refused|Never|what had arrived/.test(line))
  const hasWaited = elapsedMs >= GRACE_MS
  return { expected, missing: missing.map(({ device }) => device.ip), complete, hasWaited, told, complaints }
}

const WELL = { missing: [], complete: true, hasWaited: false, told: ["0 missing"], complaints: [] }

test.each([
  ["removed", ""],
  ["paused", `  - ${LEMONS.replace(" }", ", paused: true }")}\n`],
])("a device that is %s while its run lasts is not waited for, nor missing in it", async (_, line) => {
  expect(await whileRunning(`  - ${LEMONS}\n`, line)).toEqual({ ...WELL, expected: 2 })
})

test("a run of which nobody is expected is complete wherever it is told of", async () => {
  const paused = DEVICES.map((device) => device.replace(" }", ", paused: true }"))
  await using site = await Site.make({ devices: paused })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ expected: 0, missing: [], complete: true })
  expect(readGatewayStatus(site.topology, site.clock.now()).run).toMatchObject({ expected: 0, complete: true })
  expect((await readCloudStatus(placeOf(site.topology))).sites[0]?.run).toMatchObject({ arrived: 0, complete: true })
})

test("a device that is added while a run lasts is expected from the next one on", async () => {
  const basil = "  - { ip: 192.168.1.6, name: basil }\n"
  const run = await whileRunning(`  - ${LEMONS}\n`, `  - ${LEMONS}\n${basil}`, (site) =>
    site.write("surveys/device3.txt", SAMPLE["surveys/device2.txt"]),
  )
  expect(run).toEqual({ ...WELL, expected: 3 })
})

test("a device that had arrived when it was removed counts as one that did", async () => {
  const run = await whileRunning(`  - ${DEVICES[0]}\n`, "", (site) =>
    site.write("surveys/device3.txt", SAMPLE["surveys/device2.txt"]),
  )
  expect(run).toEqual({ ...WELL, expected: 3 })
})
