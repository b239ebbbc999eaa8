// The network under siege: where it is, who is honest, and a spool in which the days before are closed already.
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { Ledger } from "../../../src/gateway/ledger/ledger"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { DurableDatabase } from "../../../src/storage/database"
import { GroupCommit } from "../../../src/storage/group-commit"
import { dayBefore } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import type { Topology } from "../../../src/topology/topology"
import { loadTopology } from "../../../src/topology/yaml/load"
import { keyDevices, makeKeys, withKeys } from "../../bench/keys"

export const SITE = "greenhouse"
/** Without daylight saving: every time of every day may be sent. */
export const TIME_ZONE = "UTC"
export const HONEST_DEVICES = 20
/** Declared devices, beside the honest ones, that attackers speak as. */
export const SPOOFED_DEVICES = 4000

const HONEST = 0x7f4d_0101 // 127.77.1.1, declared as 10.77.1.1
const SPOOFED = 0x7f4e_0001 // 127.78.0.1
export const DECLARED = 0x7500_0000 // so much less: 127.b.c.d is declared as 10.b.c.d
const CONNECTIONS = 800 // fewer than there are peers that drip

export const honestAddress = (index: number): string => formatAddress(HONEST + index)
export const spoofedAddress = (index: number): number => SPOOFED + index
/** An address of 127.128.0.0/9, on which no device is. */
export const strangerAddress = (index: number): number => 0x7f80_0001 + (index % 0x7f_fffe)
export const declared = (address: number): string => formatAddress(address - DECLARED)

export interface Place {
  /** Where both legs have keys. */
  readonly isKeyed: boolean
  readonly topology: Topology
  readonly gateway: { readonly address: string; readonly port: number }
  readonly cloud: { readonly address: string; readonly port: number }
}

/** Writes topology and spool to a folder, and keys of everything where it is keyed. */
export async function preparePlace(folder: string, isKeyed = false): Promise<Place> {
  if (isKeyed) {
    makeKeys(folder)
    keyDevices(folder, [rangeOf(HONEST, HONEST_DEVICES), rangeOf(SPOOFED, SPOOFED_DEVICES)])
  }
  const gateway = { address: "127.77.0.1", port: await freeUdpPort("127.77.0.1") }
  const cloud = { address: "127.30.77.2", port: freeTcpPort("127.30.77.2") }
  const farHour = (new Date().getUTCHours() + 12) % 24 // no run comes in between
  const file = join(folder, "topology.yaml")
  const text = `
site: ${SITE}
timeZone: ${TIME_ZONE}
schedule: { cron: "0 ${farHour} * * *" }
limits: { overall: { connections: ${CONNECTIONS} } }
gateway:
  interfaces:
    devices: { address: 10.77.0.1/8, port: ${gateway.port} }
    cloud: { address: 172.30.77.1/24 }
cloud: { address: 172.30.77.2, port: ${cloud.port}, console: "off" }
devices:
  - { ip: ${rangeOf(HONEST, HONEST_DEVICES)} }
  - { ip: ${rangeOf(SPOOFED, SPOOFED_DEVICES)}, paused: true }
`
  await Bun.write(file, withKeys(text, folder))
  const topology = await loadTopology(file)
  await closeYesterday(topology)
  return { topology, gateway, cloud, isKeyed }
}

const rangeOf = (first: number, count: number): string => `${declared(first)}-${declared(first + count - 1)}`

/** What comes for a day that is closed goes to the cloud at once. */
async function closeYesterday({ gateway, timeZone }: Topology): Promise<void> {
  const database = DurableDatabase.open(gateway.spool, SPOOL, "simulated")
  const failed = (error: unknown) => {
    throw error
  }
  const ledger = new Ledger(database, new GroupCommit(database, failed), systemClock.now)
  await ledger.adopt(dayBefore(Date.now(), timeZone))
  database.close()
}

async function freeUdpPort(hostname: string): Promise<number> {
  const socket = await Bun.udpSocket({ hostname })
  const { port } = socket
  socket.close()
  return port
}

function freeTcpPort(hostname: string): number {
  const listener = Bun.listen({ hostname, port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}
