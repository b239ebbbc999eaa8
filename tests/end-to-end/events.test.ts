// What a listener hears of a network, from a run's beginning to its end.
import { expect, test } from "bun:test"
import { truncateSync } from "node:fs"
import { type Event, Network } from "../../src/network"
import { isFatal } from "../../src/storage/errors"
import { ofKind } from "../fixtures"
import { Site, until } from "./fixture"

/** A site, and the events of its network. */
function recorded(site: Site) {
  const events: Event[] = []
  const options = { ...site.options, listener: (event: Event) => void events.push(event) }
  return { events, options, kinds: () => events.map(({ kind }) => kind) }
}

test("a listener hears of a run: its start, uploads, delivery, the cloud's agreement, and how it went", async () => {
  await using site = await Site.make()
  const { events, options, kinds } = recorded(site)
  await using network = await Network.start(site.topology, options)
  const summary = await network.collect()
  expect(kinds()).toEqual(["run-started", "uploaded", "uploaded", "delivered", "collection-closed", "run-finished"])
  expect(events[0]).toEqual({ kind: "run-started", day: "2026-11-22", owedOnly: false })
  expect(events[3]).toMatchObject({ surveys: 2, readings: 8 })
  expect(events[4]).toMatchObject({ site: "greenhouse", day: "2026-11-22", report: { run: true, missing: [] } })
  expect(events[5]).toEqual({ kind: "run-finished", day: "2026-11-22", summary, isCutShort: false })
})

test("a listener that throws is no device's failure, and nobody else hears less", async () => {
  await using site = await Site.make()
  const listener = ({ kind }: Event) => {
    if (kind === "uploaded" || kind === "delivered" || kind === "run-started") throw new RangeError("too wide")
  }
  await using network = await Network.start(site.topology, { ...site.options, listener })
  expect(await network.collect()).toMatchObject({ expected: 2, missing: [], stored: 8, complete: true })
  const told = "error What listens to events failed, of which nothing else takes harm: RangeError: too wide"
  expect(site.logged.filter((line) => line.startsWith("error"))).toEqual([told])
})

test("a listener hears that a run was cut short", async () => {
  await using site = await Site.make({ devices: ["{ ip: 192.168.1.2 }"], grace: "60s" })
  const { events, options, kinds } = recorded(site)
  await using network = await Network.start(site.topology, options)
  const collecting = network.collect()
  await until(() => kinds().includes("run-started"))
  await network.stop()
  const summary = await collecting
  expect(events.at(-1)).toEqual({ kind: "run-finished", day: "2026-11-22", summary, isCutShort: true })
})

test("a listener hears that a run failed, with what its caller is told", async () => {
  await using site = await Site.make()
  const { events, options } = recorded(site)
  let isBroken = false
  const topology = {
    ...site.topology,
    get schedule() {
      if (isBroken) throw new Error("it is broken")
      return site.topology.schedule
    },
  }
  await using network = await Network.start(topology, options)
  isBroken = true
  const error = await network.collect().catch((reason) => reason)
  expect(error).toEqual(new Error("it is broken"))
  expect(events.at(-1)).toEqual({ kind: "run-failed", day: "2026-11-22", error })
})

test.each(["spool", "store"] as const)("a listener hears that the disk of the %s failed", async (kind) => {
  await using site = await Site.make()
  const { events, options, kinds } = recorded(site)
  await using network = await Network.start(site.topology, options)
  const { gateway, cloud } = site.topology
  truncateSync(`${kind === "spool" ? gateway.spool : cloud.store}-wal`)
  const collecting = network.collect().catch(() => {})
  await until(() => kinds().includes("disk-failed"))
  expect(ofKind(events, "disk-failed").every(({ error }) => isFatal(error))).toBe(true)
  await network.stop()
  await collecting
})
