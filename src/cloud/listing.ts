// The cloud's console: `192.168.1.2 - 08:00 - 20 - 30%`, devices in address order.
import { printable } from "../printable"
import { formatAddress } from "../topology/address"
import { namedRanges, nameOf } from "../topology/names"
import type { Topology } from "../topology/topology"
import type { SiteInfo, StoredSurvey } from "./store/contract"
import { formatStored } from "./store/stored"

const PRINT_AT_ONCE = 64 * 1024 // characters

/** Prints whole lines, many at a time: a fleet's day is never in memory whole, and waits for a slow reader. */
export async function printInBatches(
  pieces: Iterable<string> | AsyncIterable<string>,
  print: (lines: string) => void | Promise<void>,
): Promise<void> {
  let lines = ""
  for await (const piece of pieces) {
    lines += piece
    if (lines.length < PRINT_AT_ONCE) continue
    await print(lines)
    lines = ""
  }
  if (lines !== "") await print(lines)
}

/** What is listed of a survey, with its line ends; "" where nothing is. Surveys come in address order. */
export function lister(mode: Topology["cloud"]["console"], site?: SiteInfo): (survey: StoredSurvey) => string {
  if (mode === "off") return () => ""
  if (mode === "readings") return listReadings
  const names = namedRanges(site?.devices ?? [])
  return ({ address, readings: { length } }) => {
    const ip = formatAddress(address)
    const name = printable(nameOf(names, address) ?? "") // a line end would make a line of its own
    return `${name ? `${ip} ${name}` : ip} - ${length} ${length === 1 ? "reading" : "readings"}\n`
  }
}

function listReadings({ address, readings }: StoredSurvey): string {
  const ip = formatAddress(address)
  let lines = ""
  for (const reading of readings) lines += `${ip} - ${formatStored(reading)}\n`
  return lines
}
