// What the pages show of a fleet, whose status takes long to count: at once, with its age.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { overviewOf } from "../../src/page/overview/overview"
import { Views } from "../../src/page/views"
import type { StatusDocument } from "../../src/status/document"
import { StorageError } from "../../src/storage/errors"
import type { Topology } from "../../src/topology/topology"
import { parseTopology } from "../../src/topology/yaml/load"
import { SAMPLE } from "../topology/sample"

const LARGE_BYTES = 100 * 1024 * 1024
const STATUS: StatusDocument = {
  site: "greenhouse",
  sample: false,
  complete: false,
  overdueSince: null,
  sites: [],
  gateway: null,
  cloud: null,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "views-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** With a spool of which nothing is read here. */
function fleet(): Topology {
  const topology = parseTopology(SAMPLE, join(folder, "topology.yaml"))
  const spool = join(folder, "large.db")
  writeFileSync(spool, "")
  truncateSync(spool, LARGE_BYTES)
  return { ...topology, gateway: { ...topology.gateway, spool } }
}

const SECONDS_MS = 3000

/** Counts that end when they are told to, after seconds. */
function counts() {
  let nowMs = 0
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const asked: PromiseWithResolvers<StatusDocument | undefined>[] = []
  const count = () => {
    const one = Promise.withResolvers<StatusDocument | undefined>()
    asked.push(one)
    return one.promise.finally(() => (nowMs += SECONDS_MS))
  }
  return { asked, options: { count, clock } }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test("glimpse() of a fleet is there at once, and whoever looks is told when it is counted", async () => {
  const { asked, options } = counts()
  const views = new Views(fleet(), options)
  const versions = [views.version]
  views.follow(() => versions.push(views.version))
  expect(await views.glimpse()).toEqual({ view: undefined, isKept: true, isCounting: true })
  await views.glimpse()
  expect(asked).toHaveLength(1)
  asked[0]?.resolve(STATUS)
  await settled()
  expect(await views.glimpse()).toMatchObject({ view: { status: STATUS }, isKept: true, isCounting: false })
  expect([versions.length, new Set(versions).size]).toEqual([2, 2])
})

test("status() of a fleet waits for what is counted, and of a change for what is counted after it", async () => {
  const { asked, options } = counts()
  const topology = fleet()
  const views = new Views(topology, options)
  const read = views.status()
  views.update(topology)
  asked[0]?.resolve(undefined)
  await settled()
  expect(asked).toHaveLength(2)
  asked[1]?.resolve(STATUS)
  expect((await read).status).toBe(STATUS)
})

test("update() has a fleet counted anew, and glimpse() says so of what was known before", async () => {
  const { asked, options } = counts()
  const topology = fleet()
  const views = new Views(topology, options)
  views.prepare()
  asked[0]?.resolve(STATUS)
  await settled()
  views.update(topology)
  expect(asked).toHaveLength(2)
  expect(await views.glimpse()).toMatchObject({ view: { status: STATUS }, isCounting: true })
})

test("a count that fails is told to whoever looks, and made again", async () => {
  const { asked, options } = counts()
  const views = new Views(fleet(), options)
  const read = views.status()
  asked[0]?.reject(new StorageError("large.db is damaged"))
  await expect(read).rejects.toThrow("large.db is damaged")
  await settled()
  await expect(views.glimpse()).rejects.toThrow("large.db is damaged")
  expect(asked).toHaveLength(2)
  asked[1]?.resolve(STATUS)
  await settled()
  expect(await views.glimpse()).toMatchObject({ view: { status: STATUS } })
})

test("glimpse() of a small network is read as it is now", async () => {
  const { asked, options } = counts()
  const { spool, ...gateway } = fleet().gateway
  const topology = parseTopology(SAMPLE, join(folder, "topology.yaml"))
  const views = new Views({ ...topology, gateway: { ...gateway, spool: `${spool}.none` } }, options)
  expect(await views.glimpse()).toMatchObject({ view: { status: undefined }, isKept: false, isCounting: false })
  expect(asked).toEqual([])
})

test("who look at a small network at once see one reading of it, and of a change one that began after it", async () => {
  const topology = parseTopology(SAMPLE, join(folder, "topology.yaml"))
  const views = new Views(topology)
  const [one, another] = await Promise.all([views.glimpse(), views.glimpse()])
  expect(another.view).toBe(one.view)
  views.update()
  const read = views.status()
  views.update({ ...topology, site: "north" })
  expect((await read).topology.site).toBe("north")
  expect((await views.status()).topology.site).toBe("north")
})

test("overviewOf() says of what moment it is, and that it is counted anew", () => {
  const topology = parseTopology(SAMPLE, join(folder, "topology.yaml"))
  const readAt = Date.parse("2026-11-23T05:03:00Z")
  const shown = (isKept: boolean, isCounting: boolean, isKnown = true) => {
    const view = isKnown ? { topology, status: STATUS, readAt } : undefined
    return overviewOf({ view, isKept, isCounting }, topology, readAt + 60_000).body.text
  }
  expect(shown(false, false)).not.toContain("As of")
  expect(shown(true, false)).toContain("As of today 06:03 Europe/Rome.</p>")
  expect(shown(true, true)).toContain("As of today 06:03 Europe/Rome. It is being counted anew.</p>")
  expect(shown(true, true, false)).toContain("<h1>greenhouse: what has come is being counted</h1>")
})
