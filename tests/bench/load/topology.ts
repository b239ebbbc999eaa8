// The network of the load: a fleet of up to 16 million devices behind one gateway.
import { formatAddress } from "../../../src/topology/address"
import type { Topology } from "../../../src/topology/topology"
import { parseTopology } from "../../../src/topology/yaml/load"
import { withKeys } from "../keys"

export const FIRST_DEVICE = 0x0a00_0002 // 10.0.0.2

/** All ports are whichever is free. */
export const fleetText = (devices: number): string => `
site: bench
timeZone: UTC
schedule: { cron: "0 6 * * *" }
gateway:
  interfaces:
    devices: { address: 10.255.0.1/8, port: 0 }
    cloud: { address: 172.16.0.1/24 }
cloud: { address: 172.16.0.2, port: 0, console: "off" }
devices:
  - { ip: 10.0.0.2-${formatAddress(FIRST_DEVICE + devices - 1)} }
page: { port: 0 }
`

/** Its databases are in `folder`, and the keys of the cloud's leg, if it has any. */
export const fleetTopology = (folder: string, devices: number): Topology =>
  parseTopology(withKeys(fleetText(devices), folder), `${folder}/topology.yaml`)
