// The parts of a network that one process plays, and the addresses that it needs for them.
import { lookup } from "node:dns/promises"
import { type Clock, pause } from "../clock"
import type { Sockets } from "../net/sockets"
import { type AddressRange, EVERY_ADDRESS, parseAddress } from "../topology/address"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Device } from "../topology/devices"
import { joinRanges, overlap, sizeOf } from "../topology/ranges"
import type { Topology } from "../topology/topology"

export interface Roles {
  readonly cloud: boolean
  readonly gateway: boolean
  /** Addresses of the devices. */
  readonly devices: readonly AddressRange[]
}

export const EVERYTHING: Roles = { cloud: true, gateway: true, devices: [EVERY_ADDRESS] }

const RETRY_MS = 5000

/** Whether a device's survey is sent from here: it is among the roles, has a source and is not paused. */
export function isPlayed({ address, survey, paused }: Device, { devices }: Roles): boolean {
  const isNamed = devices.some(({ first, last }) => first <= address && address <= last)
  return isNamed && survey !== undefined && !paused
}

/** The same of an address, which need not be a device's. */
export function isPlayedAddress(address: number, { devices }: Topology, roles: Roles): boolean {
  const device = devices.get(address)
  return device !== undefined && isPlayed(device, roles)
}

/** Devices whose surveys are sent from here, in address order. */
export function* ownDevices({ devices }: Topology, roles: Roles): Generator<Device> {
  for (const device of devices) if (isPlayed(device, roles)) yield device
}

/** How many they are; a fleet is counted, not listed. */
export function countOwnDevices({ devices }: Topology, roles: Roles): number {
  const played = devices.entries.filter(({ survey, paused }) => survey !== undefined && !paused).map(({ ip }) => ip)
  return sizeOf(overlap(played, joinRanges(roles.devices)))
}

/** What this machine must have: addresses to bind, in the order of cloud, gateway, devices. */
export function* ownAddresses(topology: Topology, roles: Roles, addressing: Addressing): Generator<string> {
  const { cloud, gateway } = topology
  const { devices, cloud: outward } = gateway.interfaces
  if (roles.cloud) yield bindAddress(cloud.address, addressing)
  if (roles.gateway) for (const { address } of [devices, outward]) yield bindAddress(address.ip, addressing)
  // a simulated fleet has them all; and a device that is not there must not keep a gateway or a cloud from starting
  if (addressing === "declared" && !roles.cloud && !roles.gateway)
    for (const device of ownDevices(topology, roles)) yield device.ip
}

/** How an address that is not there yet, as on a machine that is still booting, is waited for. */
export interface Waiting {
  readonly clock: Clock
  readonly onWaiting: (problem: Error) => void
  readonly signal?: AbortSignal | undefined
}

/** Resolves when this machine has them all. Without `waiting` it throws for the first that it does not have. */
export async function haveAddresses(
  addresses: Iterable<string>,
  canBind: Sockets["canBind"],
  waiting?: Waiting,
): Promise<void> {
  for (const address of addresses) {
    let problem = await problemWith(address, canBind)
    if (problem && !waiting) throw problem
    if (problem) waiting?.onWaiting(problem)
    while (problem && waiting) {
      await pause(waiting.clock, RETRY_MS, waiting.signal)
      waiting.signal?.throwIfAborted()
      problem = await problemWith(address, canBind)
    }
  }
}

/** Undefined when a socket can be bound to the address, or to the one that a host name stands for. */
async function problemWith(address: string, canBind: Sockets["canBind"]): Promise<Error | undefined> {
  if (parseAddress(address) !== undefined) return canBind(address)
  try {
    const found = await lookup(address, 4)
    return await canBind(found.address)
  } catch (cause) {
    const text = `${address} is a name that this machine cannot resolve: see its DNS, or write the address`
    return Object.assign(new Error(text, { cause }), { code: "ENOTFOUND" })
  }
}
