// The answers to `init`'s questions: their defaults, and the rules of topology.yaml that they have to keep to.
import { basename, resolve } from "node:path"
import { formatAddress, networkAddress, parseAddress, parseNetwork } from "../../topology/address"
import { parseTopology } from "../../topology/yaml/load"
import { TopologyError } from "../../topology/yaml/problem"
import { type Answers, NAMES, type Name } from "./questions"
import { cronOf, topologyText } from "./topology-text"

const DEFAULTS: { readonly [name in Name]: (known: Partial<Answers>, folder: string) => string } = {
  site: (_known, folder) => /^[A-Za-z0-9][\w.-]{0,63}$/.exec(wordOf(folder))?.[0] ?? "site",
  "time-zone": () => Temporal.Now.timeZoneId(),
  at: () => "06:00",
  "device-network": () => "192.168.1.1/24",
  "cloud-network": () => "10.10.10.1/24",
  cloud: (known) => neighbour(known["cloud-network"]),
  devices: () => "1",
  "first-device": (known) => neighbour(known["device-network"]),
}

/** What was answered, and the defaults of the rest. */
export function complete(given: Partial<Answers>, folder: string): Answers {
  const known = { ...given }
  for (const name of NAMES) known[name] ??= DEFAULTS[name](known, folder)
  return known as Answers
}

/** The rule that an answer breaks; undefined when all of them keep to it. */
export function faultOf(answers: Answers): string | undefined {
  const { at, "first-device": first } = answers
  if (cronOf(at) === undefined) return `must be a time such as 06:00: it is ${JSON.stringify(at)}`
  if (parseAddress(first) === undefined)
    return `must be an IPv4 address such as 192.168.1.2: it is ${JSON.stringify(first)}`
  try {
    parseTopology(topologyText(answers), "topology.yaml")
    return undefined
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    return error.problems[0]?.message
  }
}

const wordOf = (folder: string): string => basename(resolve(folder)).replaceAll(/\s+/g, "-")

/** The first address of an interface's network that is not its own; any, of one that is refused. */
function neighbour(interfaceText = ""): string {
  const network = parseNetwork(interfaceText)
  if (!network) return "0.0.0.0"
  const first = networkAddress(network) + 1
  return formatAddress(first === network.address ? first + 1 : first)
}
