// What is done to one site, or to those beside it, leaves nothing for what is done to it next.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { pause, systemClock } from "../../../src/clock"
import { listenTcp } from "../../../src/net/tcp"
import { loadTopology } from "../../../src/network"
import { bindAddress } from "../../../src/topology/addressing"
import { fillDisk, missingMount } from "./bounded"
import { Site } from "./site"

const PLACE = 62_000
const WITHIN_MS = 60_000
const HELD_MS = 100

let site: Site

beforeAll(async () => {
  site = await Site.make(PLACE + process.pid)
})
afterAll(() => site[Symbol.dispose]())

test.skipIf(missingMount() !== undefined)(
  "a disk is filled anew: values that were replaced on the one before are taken",
  async () => {
    expect(await fillDisk(site, 15)).toEqual([])
    expect(await fillDisk(site, 14)).toEqual([]) // its last upload is the first of those before
  },
  WITHIN_MS,
)

test("a port that is not free yet is waited for", async () => {
  const { cloud } = await loadTopology(site.file, {})
  const address = bindAddress(cloud.address, "simulated")
  const other = listenTcp({ address, port: cloud.port, onConnection: () => ({ data() {}, close() {} }) })
  const starting = site.start({ gateway: false, cloud: true })
  await pause(systemClock, HELD_MS)
  await other.stop()
  await using network = await starting
  expect(network.ports.cloud).toBe(cloud.port)
})
