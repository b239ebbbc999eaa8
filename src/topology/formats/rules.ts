// What the schema cannot tell of formats, and of the devices that name one.
import { didYouMean } from "../../nearest"
import { isGlob, isScript } from "../devices"
import type { Sound } from "../validate"
import { type Finding, type Path, WRITTEN } from "../yaml/problem"
import { compilePattern, parseOffset } from "./pattern"
import { readyMade, readyMadeNames } from "./ready-made"
import type { Column, DelimitedFormat, Format, JsonFormat } from "./schema"

type Formats = Readonly<Record<string, Sound<Format> | undefined>>

interface Draft {
  readonly formats?: Formats
  readonly devices?: readonly (
    | { survey?: string | undefined; format?: string | undefined; sensor?: string | undefined }
    | undefined
  )[]
}

/** A format of the topology's own before the ready-made one of that name. */
export function findFormat<Own>(
  formats: Readonly<Record<string, Own>> | undefined,
  name = "",
): Own | Format | undefined {
  return formats && Object.hasOwn(formats, name) ? formats[name] : readyMade(name)
}

export function formatRefusals({ formats = {}, devices = [] }: Draft): Finding[] {
  return [
    ...Object.entries(formats).flatMap(([name, format]) => (format ? refusalsOf(format, ["formats", name]) : [])),
    ...devices.flatMap((device, index) => (device ? deviceRefusals(device, formats, ["devices", index]) : [])),
  ]
}

function refusalsOf(format: Sound<Format>, path: Path): Finding[] {
  if (format.kind === "json") return zoneRefusals(format, path)
  if (format.kind === "delimited") return [...columnRefusals(format, path), ...zoneRefusals(format, path)]
  return []
}

function columnRefusals(
  { delimiter, decimal, headerRows, time, temperature, humidity, device }: Sound<DelimitedFormat>,
  path: Path,
): Finding[] {
  const findings: Finding[] = []
  const refuse = (message: string, ...keys: string[]) => findings.push({ path: [...path, ...keys], message })
  if (delimiter !== undefined && delimiter === decimal) {
    refuse(
      `must not be what stands before a fraction, ${decimal}: columns could not be told from fractions`,
      "delimiter",
    )
  }
  if (time && (time.column === undefined) === (time.columns === undefined)) {
    refuse("must name the column of the time, as column: Timestamp, or several, as columns: [Date, Time]", "time")
  }
  if (device && (device.column === undefined) === (device.headerRow === undefined)) {
    refuse(
      "must name the column that tells whose a row is, as column: Device, or a row of the header, as headerRow: 1",
      "device",
    )
  }
  if (device?.headerRow !== undefined && headerRows !== undefined && device.headerRow > headerRows) {
    refuse(`must name a row of the header: headerRow is ${device.headerRow}, and headerRows ${headerRows}`, "device")
  }
  if (headerRows === 0) {
    const named: [Column | undefined, ...string[]][] = [
      [time?.column, "time", "column"],
      [time?.columns?.find((column) => typeof column === "string"), "time", "columns"],
      [temperature?.column, "temperature", "column"],
      [humidity?.column, "humidity", "column"],
      [device?.column, "device", "column"],
    ]
    for (const [column, ...keys] of named) {
      if (typeof column === "string")
        refuse("must be a number from 1: headerRows is 0, so no row names the columns", ...keys)
    }
  }
  return findings
}

function zoneRefusals({ time }: Sound<DelimitedFormat | JsonFormat>, path: Path): Finding[] {
  const { zone, pattern } = time ?? {}
  if (zone === undefined) return []
  const at = [...path, "time", "zone"]
  if (!isZone(zone)) {
    const meant = didYouMean(zone, Intl.supportedValuesOf("timeZone"))
    const message = `must be an offset such as +01:00, or a time zone such as Europe/Rome: it is ${WRITTEN}${meant}`
    return [{ path: at, message }]
  }
  if (pattern === undefined || !compilePattern(pattern)?.isUtc) return []
  return [{ path: at, message: "is not needed: the pattern tells how far each time is from UTC" }]
}

function deviceRefusals(
  device: NonNullable<NonNullable<Draft["devices"]>[number]>,
  formats: Formats,
  path: Path,
): Finding[] {
  const { survey, format: name, sensor } = device
  if (name === undefined) {
    if (survey !== undefined && isGlob(survey)) {
      const message =
        "names several files, and lines do not say of which day they are: name one file, or say how they are written, as format: zentra"
      return [{ path: [...path, "survey"], message }]
    }
    if (sensor === undefined) return []
    return [
      {
        path: [...path, "sensor"],
        message: "is a name in a file of several devices: say how that is written, as format: zentra",
      },
    ]
  }
  const at = [...path, "format"]
  const format = findFormat(formats, name)
  if (!format) {
    const names = [...Object.keys(formats), ...readyMadeNames()]
    const meant = didYouMean(name, names, `: there are ${names.join(", ")}`)
    return [{ path: at, message: `must be one of formats, or a ready-made one: it is ${WRITTEN}${meant}` }]
  }
  if (survey === undefined)
    return [{ path: at, message: "says how a file is written: name that file, as survey: export/bed3.csv" }]
  if (isScript(survey)) return [{ path: at, message: `is of no use: ${survey} is a script, which returns lines` }]
  if (sensor !== undefined && !format.device) {
    const [what, example] = WHOSE[format.kind ?? "delimited"]
    const message = `is of no use: format ${name} does not say which ${what} tells whose a row is, as device: { ${example} }`
    return [{ path: [...path, "sensor"], message }]
  }
  return []
}

const WHOSE = {
  delimited: ["column", "column: Device"],
  json: ["path", "path: device.id"],
  senml: ["name", "path: bn"],
} as const

function isZone(zone: string): boolean {
  if (!Number.isNaN(parseOffset(zone))) return true
  try {
    Temporal.Now.instant().toZonedDateTimeISO(zone)
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}
