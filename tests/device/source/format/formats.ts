// Formats as topology.yaml has them, for tests.
import * as v from "valibot"
import { type Format, type FormatAsWritten, formatEntry } from "../../../../src/topology/formats/schema"

type Delimited = Exclude<FormatAsWritten, { kind: "json" | "senml" }>
type Json = Extract<FormatAsWritten, { kind: "json" }>
type Senml = Extract<FormatAsWritten, { kind: "senml" }>

/** Comma-separated, in UTC+1, as Rome is in November. */
export const formatOf = (written: Partial<Delimited> = {}): Format =>
  v.parse(formatEntry, {
    time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" },
    temperature: { column: "T" },
    humidity: { column: "H" },
    ...written,
  })

export const jsonFormatOf = (written: Partial<Json> = {}): Format =>
  v.parse(formatEntry, {
    kind: "json",
    time: { path: "time", pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" },
    temperature: { path: "T" },
    humidity: { path: "H" },
    ...written,
  })

export const senmlFormatOf = (written: Partial<Senml> = {}): Format =>
  v.parse(formatEntry, { kind: "senml", ...written })
