// Files that others write, as `check` reads them: each once, for all devices whose readings it holds.
import { formattedOf, surveyPath } from "../../device/source"
import { type Formatted, readAll } from "../../device/source/format/file"
import { dayBefore } from "../../survey/calendar"
import type { Device } from "../../topology/devices"
import type { Topology } from "../../topology/topology"
import { type Checked, ForeignFile } from "./foreign-file"

export class ForeignFiles {
  /** By format and path. */
  readonly #sensors = new Map<string, Set<string>>()
  readonly #read = new Map<string, Promise<ForeignFile>>()

  constructor(
    private readonly topology: Topology,
    private readonly nowMs: number,
  ) {
    for (const device of topology.devices) {
      const formatted = formattedOf(device, topology)
      if (!formatted) continue
      const key = this.#keyOf(device)
      const sensors = this.#sensors.get(key)
      if (sensors) sensors.add(formatted.sensor)
      else this.#sensors.set(key, new Set([formatted.sensor]))
    }
  }

  /** All that a file has of a device, whatever day it is of. Throws SurveyMissing. */
  async check(device: Device, formatted: Formatted): Promise<Checked> {
    const key = this.#keyOf(device)
    let reading = this.#read.get(key)
    if (!reading)
      this.#read.set(key, (reading = this.#readFile(device, formatted, this.#sensors.get(key) ?? new Set())))
    return (await reading).tell(formatted.sensor)
  }

  async #readFile(device: Device, { format }: Formatted, sensors: ReadonlySet<string>): Promise<ForeignFile> {
    const { folder, timeZone } = this.topology
    const path = this.#pathOf(device)
    const file = new ForeignFile(path, format.device !== undefined, sensors)
    for await (const content of readAll(folder, path, { format, timeZone }, this.nowMs)) file.take(content)
    file.finish()
    return file
  }

  #keyOf = (device: Device): string => `${device.format} ${this.#pathOf(device)}`

  #pathOf = ({ survey = "" }: Device): string => surveyPath(survey, dayBefore(this.nowMs, this.topology.timeZone))
}
