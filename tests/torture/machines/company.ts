// When strangers come, and to whom.
import { type Chance, MINUTE_MS } from "../network/chance"
import { describe } from "../network/world"
import type { Installation } from "./installation"
import { type Aim, disturbCloud, disturbGateway } from "./strangers"

const NEAR_MS = 30 * MINUTE_MS
const MOST = 4
const NOBODY = ["192.168.1.77", "192.168.1.250", "10.0.0.9"] as const

/** Some of them, one soon behind the other. */
export function addStrangers(installation: Installation, chance: Chance, around: number): void {
  for (let left = chance.whole(1, MOST); left > 0; left--) {
    installation.at(around + chance.between(0, NEAR_MS), () => disturb(installation, chance))
  }
}

function disturb(installation: Installation, chance: Chance): void {
  const { names, ips, measured, lan, wan, world } = installation
  const ip = chance.pick(...(ips as [string]))
  const others = ips.filter((each) => each !== ip)
  const aim: Aim = {
    site: names.gateway,
    ip,
    day: measured.daysAgo(chance.whole(0, 3)),
    from: chance.is(0.5) ? chance.pick(...NOBODY) : (others[0] ?? NOBODY[0]),
  }
  const life = installation.person("stranger")
  const isAtGateway = chance.is(0.5)
  const disturbing = () => (isAtGateway ? disturbGateway(life, lan, chance, aim) : disturbCloud(life, wan, chance, aim))
  installation.disturbed++
  life.perform(() => void disturbing().catch((error) => world.fail(`a stranger failed: ${describe(error)}`)))
}
