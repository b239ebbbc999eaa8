// The rules that hold, for people and for programs.
import { documentOf, type HeldRule } from "../../cloud/rules/reader"
import { labelOf } from "../../format"
import { printable } from "../../printable"
import { formatAddress } from "../../topology/address"
import { isOfHumidity } from "../../topology/alerts/rules"
import type { Topology } from "../../topology/topology"
import { columns, widthsOf } from "../columns"

const HEADS = ["device", "rule", "since", "value"]
const AT_ONCE = 1000

/**
 * A line each; with the site where there is another one than the topology's own.
 * @param fit the terminal's columns; undefined where nothing has to fit
 */
export function* alertsTable(held: readonly HeldRule[], { site }: Topology, fit?: number): Generator<string> {
  if (held.length === 0) return
  const isOnly = held.every((each) => each.site === site)
  const cellsOf = (each: HeldRule) => (isOnly ? [] : [each.site]).concat(rowOf(each)).map(printable)
  const heads = isOnly ? HEADS : ["site", ...HEADS]
  let widths = widthsOf([heads])
  for (let from = 0; from < held.length; from += AT_ONCE) {
    const rows = [...(from === 0 ? [heads] : []), ...held.slice(from, from + AT_ONCE).map(cellsOf)]
    widths = widthsOf(rows, widths)
    for (const line of columns(rows, { widths, fit })) yield `${line}\n`
  }
}

function rowOf({ address, name, rule, since, value, reason }: HeldRule): string[] {
  const device = address === undefined ? "the site" : labelOf({ ip: formatAddress(address), name })
  const unit = isOfHumidity(rule) ? "%" : "°C"
  return [device, rule, since, value === null ? (reason ?? "-") : `${value} ${unit}`]
}

/** A JSON list, an object for each. */
export function* alertsJson(held: readonly HeldRule[]): Generator<string> {
  const documents = held.map((each) => ({ site: each.site, ...documentOf(each) }))
  yield `${JSON.stringify(documents, null, 2)}\n`
}
