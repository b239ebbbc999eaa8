// Formats that devices may name without a description of their own. All are untried: they follow what the makers write about
// their exports, and no real one has been read with them so far. There is none for Ecowitt's local API: what it answers has no time.
import * as v from "valibot"
import { type Format, type FormatAsWritten, formatEntry } from "./schema"

const HOBO_COLUMN = "Date Time" // with what the logger's clock is from UTC behind a comma

const ZENTRA: FormatAsWritten = {
  headerRows: 3,
  time: { column: "Timestamps", pattern: "MM/dd/yyyy hh:mm:ss a" },
  temperature: { column: "°C Soil Temperature" },
  humidity: { column: "m³/m³ Water Content", scale: 100 },
}

const READY_MADE: Record<string, FormatAsWritten> = {
  // METER ZENTRA Cloud, one port's columns; three rows: the port, the sensor, what is measured and its unit
  zentra: ZENTRA,
  // the same of several ports, each a device's: its sensor is Port 1
  "zentra-ports": { ...ZENTRA, device: { headerRow: 1 } },
  // Onset HOBOware, exported as text; the title above its columns is an option
  hobo: {
    headerRows: 2,
    time: { column: HOBO_COLUMN, pattern: "MM/dd/yy hh:mm:ss a" },
    temperature: { column: "Temp, °C" },
    humidity: { column: "Water Content, m³/m³", scale: 100 },
  },
  "hobo-comma": {
    headerRows: 2,
    delimiter: ";",
    decimal: ",",
    time: { column: HOBO_COLUMN, pattern: "dd.MM.yy HH:mm:ss" },
    temperature: { column: "Temp, °C" },
    humidity: { column: "Water Content, m³/m³", scale: 100 },
  },
  // Campbell Scientific TOA5, as LoggerNet writes it; the columns are those of a CS655
  toa5: {
    headerRows: 4,
    time: { column: "TIMESTAMP", pattern: "yyyy-MM-dd HH:mm:ss" },
    temperature: { column: "T" },
    humidity: { column: "VWC", scale: 100 },
  },
  // Ecowitt, as the console and the app export it: the first soil sensor
  ecowitt: {
    headerRows: 1,
    missing: ["--", "-"],
    time: { column: "Time", pattern: "yyyy-MM-dd HH:mm" },
    temperature: { column: "Soil Temperature CH1(℃)" },
    humidity: { column: "Soil Moisture CH1(%)" },
  },
  // TOMST Lolly, of a TMS logger: number, UTC, zone, three temperatures of which the first is in the soil, and the raw count
  // of its moisture, of 4095. How much water that is depends on the soil: a format of one's own has scale and offset for it.
  tomst: tomst("."),
  "tomst-comma": tomst(","),
  // The Things Stack, uplinks as its webhooks and MQTT have them, a line each; the values as its normalized payload has them
  ttn: {
    kind: "json",
    time: { path: "received_at" },
    temperature: { path: "uplink_message.normalized_payload.0.soil.temperature" },
    humidity: { path: "uplink_message.normalized_payload.0.soil.moisture" },
    device: { path: "end_device_ids.device_id" },
  },
  // rtl_433 -F json, of soil sensors that measure both
  rtl_433: {
    kind: "json",
    time: { path: "time", pattern: "yyyy-MM-dd HH:mm:ss" },
    temperature: { path: "temperature_C" },
    humidity: { path: "moisture" },
    device: { path: "id" },
  },
  // RFC 8428, a sensor's packs, one a line or one in all
  senml: { kind: "senml" },
}

function tomst(decimal: "." | ","): FormatAsWritten {
  return {
    headerRows: 0,
    delimiter: ";",
    decimal,
    time: { column: 2, pattern: "yyyy.MM.dd HH:mm", zone: "+00:00" },
    temperature: { column: 4 },
    humidity: { column: 7, scale: 100 / 4095 },
  }
}

export const readyMadeNames = (): string[] => Object.keys(READY_MADE)

export const isReadyMade = (name: string): boolean => Object.hasOwn(READY_MADE, name)

// Each is read once: what is known of a file is known by the one object of its format. That tells nobody anything else, and so
// has no owner.
const read = new Map<string, Format>()

export function readyMade(name: string): Format | undefined {
  const known = read.get(name)
  if (known || !isReadyMade(name)) return known
  const format = v.parse(formatEntry, READY_MADE[name])
  read.set(name, format)
  return format
}
