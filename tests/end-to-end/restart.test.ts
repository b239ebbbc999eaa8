// Parts that are down, late or restarted: nothing is lost, nothing doubled.
import { expect, test } from "bun:test"
import { Cloud } from "../../src/cloud/cloud"
import { runDevice } from "../../src/device/device"
import { surveyReader } from "../../src/device/source"
import { Gateway } from "../../src/gateway/gateway"
import { SPOOL } from "../../src/gateway/spool/schema"
import { type Sockets, systemSockets } from "../../src/net/sockets"
import { type Listener, Network } from "../../src/network"
import { eventLog } from "../../src/network/event-log"
import { DurableDatabase } from "../../src/storage/database"
import { StorageInUse } from "../../src/storage/errors"
import { MONDAY_AT_SIX, Site, until } from "./fixture"

const SUNDAY = "2026-11-22"
const DAY_MS = 86_400_000

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.10.10.2", port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

const shared = (site: Site) => {
  const { clock, log, topology } = site
  const tell = eventLog({ log, clock, topology: () => topology, addressing: "simulated" })
  const emit: Listener = (event) => {
    site.hear(event)
    tell(event)
  }
  const sockets = systemSockets
  return {
    topology,
    addressing: "simulated",
    sockets,
    clock,
    random: Math.random,
    log,
    emit,
  } as const
}

const startGateway = (site: Site, cloudPort: number) => Gateway.start({ ...shared(site), cloudPort })

const startCloud = (site: Site, port: number) => {
  const { cloud } = site.topology
  const topology = { ...site.topology, cloud: { ...cloud, port } }
  return Cloud.start({
    ...shared(site),
    topology,
    print: (lines) => void site.listed.push(...lines.trimEnd().split("\n")),
  })
}

async function upload(site: Site, gatewayPort: number): Promise<void> {
  const { topology, clock } = site
  for (const device of topology.devices) {
    await runDevice(
      SUNDAY,
      {
        device,
        topology,
        addressing: "simulated",
        gatewayPort,
        sockets: systemSockets,
        readSurvey: surveyReader(),
        clock,
        random: Math.random,
        owedOnly: false,
        again: [],
        told: new Map(),
        emit: (event) => {
          site.hear(event)
          if (event.kind === "not-sent") site.logged.push(event.reason)
        },
      },
      new AbortController().signal,
    )
  }
}

test("while the cloud is down the surveys stay in the spool, and go when it is up", async () => {
  await using site = await Site.make({ speed: 20 })
  const cloudPort = await freePort()
  const gateway = await startGateway(site, cloudPort)
  const collection = await gateway.open(SUNDAY, MONDAY_AT_SIX)
  await upload(site, gateway.port)
  await collection.complete
  const giveUp = new AbortController()
  const closing = gateway.close(SUNDAY, giveUp.signal)
  await until(() => site.logged.some((line) => line.startsWith("warn Not delivered")))
  const cloud = await startCloud(site, cloudPort)
  expect(await closing).toMatchObject({ surveys: 2, readings: 8, differing: [] })
  await cloud.listed()
  expect(site.listed).toHaveLength(8)
  await gateway.stop()
  await cloud.stop()
  expect(await site.stored()).toHaveLength(8)
})

test("a gateway that is restarted between upload and delivery delivers what it had acknowledged", async () => {
  await using site = await Site.make({ speed: 20 })
  const cloudPort = await freePort()
  const before = await startGateway(site, cloudPort)
  await before.open(SUNDAY, MONDAY_AT_SIX)
  await upload(site, before.port)
  const stopped = before.close(SUNDAY, new AbortController().signal).catch((error: Error) => error.message)
  await until(() => site.logged.some((line) => line.startsWith("warn Not delivered")))
  await before.stop()
  expect(await stopped).toBe("the gateway is stopping")

  const cloud = await startCloud(site, cloudPort)
  const after = await startGateway(site, cloudPort)
  after.resume()
  await until(() => site.listed.length === 8)
  await after.stop()
  await cloud.stop()
  expect(await site.stored()).toHaveLength(8)
})

test("what a crash has left of a day that had to make room goes with the next collection", async () => {
  await using site = await Site.make({ speed: 20 })
  const cloudPort = await freePort()
  const cloud = await startCloud(site, cloudPort)
  const before = await startGateway(site, cloudPort)
  await before.open(SUNDAY, MONDAY_AT_SIX)
  await upload(site, before.port)
  await before.close(SUNDAY, new AbortController().signal)
  await before.ledger.release(SUNDAY)
  await before.stop()

  const after = await startGateway(site, cloudPort)
  const collection = await after.open("2026-11-23", MONDAY_AT_SIX + DAY_MS)
  expect(await after.summary({ ...collection, day: SUNDAY })).toMatchObject({ readings: 0 })
  await after.close("2026-11-23", new AbortController().signal)
  await after.stop()
  await cloud.stop()
  expect(await site.stored()).toHaveLength(8)
  expect(site.logged.filter((line) => !line.startsWith("info"))).toEqual([])
})

test("a gateway that is not there yet is waited for by its devices", async () => {
  await using site = await Site.make({ speed: 20 })
  const port = await freePort()
  const uploading = upload(site, port)
  const { gateway: declared } = site.topology
  const { devices, cloud } = declared.interfaces
  const topology = { ...site.topology, gateway: { ...declared, interfaces: { devices: { ...devices, port }, cloud } } }
  const gateway = await Gateway.start({ ...shared(site), topology, cloudPort: 1 })
  await uploading
  expect(site.uploads).toHaveLength(2)
  expect(gateway.counts.uploads).toBe(2)
  await gateway.stop()
})

test("a gateway's socket is made and removed while it holds the spool", async () => {
  await using site = await Site.make()
  const held: string[] = []
  const note = (what: string) => {
    try {
      DurableDatabase.open(site.topology.gateway.spool, SPOOL, "simulated").close()
    } catch (error) {
      if (error instanceof StorageInUse) held.push(what)
    }
  }
  const sockets: Sockets = {
    ...systemSockets,
    listenUnix: (options) => {
      note("made")
      const listener = systemSockets.listenUnix(options)
      return { stop: () => listener.stop().then(() => note("removed")) }
    },
  }
  const network = await Network.start(site.topology, { ...site.options, sockets })
  await network.stop()
  expect(held).toEqual(["made", "removed"])
})
