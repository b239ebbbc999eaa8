// What TLS costs: a fleet's deliveries with it and without, by turns, so that whatever else the machine does falls on both.
import { type DayOptions, measureDay } from "./day"
import { type Figure, formatSpread, median } from "./figure"

const ROUNDS = 3
const AIM = 0.85

export async function measureTls(options: DayOptions, say: (text: string) => void): Promise<Figure> {
  const [plain, secured]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    for (const tls of [false, true]) {
      const { devices, deliveryMs } = await measureDay({ ...options, tls })
      ;(tls ? secured : plain).push((devices / deliveryMs) * 1000)
    }
  }
  say(`deliveries: ${formatSpread(secured, "/s")} over TLS, ${formatSpread(plain, "/s")} without`)
  const [value, peer] = [median(secured), median(plain)]
  return {
    figure: "deliveries over TLS",
    value,
    unit: "/s",
    peer: `without: ${Math.round(peer).toLocaleString("en")} /s`,
    ratio: value / peer,
    aim: `${AIM} or more`,
    met: value >= AIM * peer,
  }
}
