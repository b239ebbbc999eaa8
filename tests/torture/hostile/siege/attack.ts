// The attackers, in a process of their own: `bun attack.ts CONFIG`, until SIGTERM; then a line of JSON with a report.
import { seededRandom } from "../../../virtual-clock"
import type { AttackConfig, AttackReport } from "./attackers"
import { Barrage } from "./barrage"
import { Drips } from "./drips"
import { Flood } from "./flood"

const config: AttackConfig = JSON.parse(process.argv[2] ?? "")
const barrage = new Barrage(seededRandom(config.seed))
const kinds = config.onlyTransfers ? [barrage.halfFinished(config.onlyTransfers)] : barrage.kinds(config.isKeyed)
const flood = await Flood.start(config.gateway, kinds)
const drips = new Drips(config.cloud, config.drips, config.isKeyed)

process.on("SIGTERM", () => {
  const { sent, answers, wrong } = flood.report()
  const { connections, dropped, wrong: wrongToDrips } = drips.report()
  const report: AttackReport = { sent, answers, connections, dropped, wrong: [...wrong, ...wrongToDrips] }
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
})
process.stdout.write("ready\n")
