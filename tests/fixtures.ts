// What tests of gateway and cloud share: a site and its day, requests without sockets, and a disk that is full.
import type { Database } from "bun:sqlite"
import { Code } from "../src/coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../src/coap/option"
import type { Request } from "../src/coap/resource"
import type { Day } from "../src/survey/calendar"
import { parseAddress } from "../src/topology/address"

export const SITE = "greenhouse"
export const TIME_ZONE = "Europe/Rome"
/** 06:00 in Rome on 22 November 2026. */
export const NOW = Date.parse("2026-11-22T05:00:00Z")
export const DAY: Day = "2026-11-21"
export const TOMATOES = parseAddress("192.168.1.2") ?? 0
export const HERBS = parseAddress("192.168.1.3") ?? 0
export const MORNING = "08:00 - 20 - 30%\n"

export interface RequestParts {
  readonly code?: number
  readonly query?: readonly string[]
  readonly format?: number
  readonly options?: readonly Option[]
  readonly address?: string
  readonly sizeBytes?: number
  readonly arrivedAt?: number
}

/** A whole request as the layers below hand it over; PUT from 127.168.1.2 unless told. An object goes as JSON. */
export function requestFor(path: string, body: string | Uint8Array | object = "", parts: RequestParts = {}): Request {
  const { code = Code.Put, query = [], format, address = "127.168.1.2", arrivedAt = 0 } = parts
  const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
  const payload = typeof text === "string" ? new TextEncoder().encode(text) : text
  const options = [
    ...path.split("/").map((segment) => textOption(OptionNumber.UriPath, segment)),
    ...(format === undefined ? [] : [uintOption(OptionNumber.ContentFormat, format)]),
    ...query.map((pair) => textOption(OptionNumber.UriQuery, pair)),
    ...(parts.options ?? []),
  ]
  const sizeBytes = parts.sizeBytes ?? 20 + path.length + payload.length
  return { code, options, payload, address, endpoint: `${address}:50000`, arrivedAt, sizeBytes }
}

/** A survey that the pages of a small database cannot hold. */
export const LARGE = Array.from({ length: 1440 }, (_, minute) => {
  const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`
  return `${time} - 20.25 - 30.75%\n`
}).join("")

export function fillDisk(sqlite: Database): void {
  const pages = sqlite.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count
  sqlite.run(`PRAGMA max_page_count = ${pages}`)
}

export const makeRoom = (sqlite: Database): unknown => sqlite.run("PRAGMA max_page_count = 1000000")

/** Those events of a kind that were heard, in their order. */
export const ofKind = <E extends { kind: string }, K extends E["kind"]>(
  events: readonly E[],
  kind: K,
): Extract<E, { kind: K }>[] => events.filter((event): event is Extract<E, { kind: K }> => event.kind === kind)
