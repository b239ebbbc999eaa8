// `/devices`: all devices, a page of them at a time, or those that are looked for by name or address.
import { count, labelOf } from "../../format"
import { readDevices } from "../../gateway/report/status"
import { isThere } from "../../storage/database"
import type { Device, Devices } from "../../topology/devices"
import type { Topology } from "../../topology/topology"
import { html } from "../markup/html"
import type { Shown } from "../markup/layout"
import { devicePath, fleetPath } from "../markup/paths"
import { gridOf } from "./grid"
import { A_PAGE, pagesOf, type Search, searchForm } from "./search"

export function fleetOf(topology: Topology, search: Search): Shown {
  const { find, page } = search
  const { devices, total } = lookFor(topology.devices, find, (page - 1) * A_PAGE)
  const heading = find === "" ? count(total, "device") : `${count(total, "device")} with “${find}”`
  const status = isThere(topology.gateway.spool) ? readDevices(topology, devices) : []
  const days = status[0]?.days.map(({ day }) => day) ?? []
  return {
    title: heading,
    body: html`<h1>${heading}</h1>
${searchFor(find)}
${
  days.length > 0
    ? gridOf("The last days", days, status)
    : html`<ul>${devices.map((device) => html`<li><a href="${devicePath(device.ip)}">${labelOf(device)}</a></li>`)}</ul>`
}
${pagesOf(search, total, fleetPath)}`,
  }
}

/** Where a person says which one is looked for. */
export const searchFor = (find = "") => searchForm("/devices", "Name or address", find, "find")

/** Those whose name or address has this text in it, from one of them on. */
function lookFor(devices: Devices, find: string, from: number): { devices: Device[]; total: number } {
  if (find === "") {
    const found = Iterator.from(devices).drop(Math.min(from, devices.size)).take(A_PAGE).toArray()
    return { devices: found, total: devices.size }
  }
  const text = find.toLowerCase()
  const found: Device[] = []
  let total = 0
  for (const device of devices) {
    if (!device.ip.includes(text) && !device.name?.toLowerCase().includes(text)) continue
    if (total >= from && found.length < A_PAGE) found.push(device)
    total++
  }
  return { devices: found, total }
}
