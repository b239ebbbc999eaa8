// What people do to an installation: other names, devices that are taken away, and days that are dropped.
import { carryOutOffline } from "../../../src/gateway/control/offline"
import type { SpoolRequest } from "../../../src/gateway/control/request"
import { formatRange, parseAddress } from "../../../src/topology/address"
import { type Chance, DAY_MS, HOUR_MS } from "../network/chance"
import { describe } from "../network/world"
import type { Installation } from "./installation"

const NAMES = ["greenhouse", "farm-b", "hill"] as const
const MOST_DAYS_BACK = 5

/** The site gets another name, at both ends, or at one of them hours before the other. */
export function rename(installation: Installation, chance: Chance): void {
  const { gateway, cloud, names } = installation
  const name = chance.pick(...NAMES)
  const apartMs = chance.pick(0, 0, chance.between(0.5, 4) * HOUR_MS, chance.is(0.1) ? DAY_MS : HOUR_MS)
  const [first, second] = chance.is(0.5) ? (["gateway", "cloud"] as const) : (["cloud", "gateway"] as const)
  const change = (end: "gateway" | "cloud") =>
    installation.whileOff(end === "gateway" ? gateway : cloud, () => {
      names[end] = name
      installation.tell(`${end}: the site is ${name}`)
    })
  change(first)
  installation.at(installation.now + apartMs, () => change(second))
}

/** A device leaves the gateway's topology.yaml; most often the cloud is away, so that its surveys wait. */
export function removeDevice(installation: Installation, chance: Chance): void {
  const { gateway, cloud, gone, options } = installation
  const { ip } = chance.pick(...(options.devices as [(typeof options.devices)[number]]))
  if (gone.gateway.size > 0) return // one at least is left
  if (chance.is(0.7)) installation.whileOff(cloud, () => {}, chance.between(2, 14) * HOUR_MS)
  installation.at(installation.now + chance.between(0, 4) * HOUR_MS, () => {
    installation.whileOff(gateway, () => {
      gone.gateway = new Set([ip])
      installation.tell(`${ip} is not declared any more`)
    })
  })
  if (chance.is(0.5))
    installation.at(installation.now + DAY_MS, () =>
      installation.whileOff(cloud, () => {
        gone.cloud = new Set([ip])
      }),
    )
}

/** All devices are declared again. */
export function redeclare(installation: Installation): void {
  const { gateway, gone } = installation
  installation.whileOff(gateway, () => {
    gone.gateway = new Set()
  })
}

/** A person drops a day, or one device's, with the gateway running or not. */
export function dropSomething(installation: Installation, chance: Chance): void {
  const day = installation.measured.daysAgo(chance.whole(1, MOST_DAYS_BACK))
  const address = parseAddress(chance.pick(...(installation.ips as [string]))) ?? 0
  const addresses = chance.is(0.4) ? { first: 0, last: 0xffff_ffff } : { first: address, last: address }
  const request: SpoolRequest = { ask: "drop", day, ...addresses }
  const { gateway } = installation
  installation.tell(`a person drops ${day} of ${formatRange(addresses)}`)
  if (chance.is(0.5) && gateway.isUp) return gateway.ask(request)
  installation.whileOff(gateway, () => carryOut(installation, request))
}

/** As `bun run drop` does where no gateway runs. */
export function carryOut(installation: Installation, request: SpoolRequest): void {
  const person = installation.person("person")
  const failed = (error: unknown) => installation.world.fail(`nothing could be asked: ${describe(error)}`)
  const asking = async () => {
    await carryOutOffline(request, installation.topology("gateway"), "declared", person)
    installation.noteDrops()
  }
  person.perform(() => void asking().catch(failed))
}
