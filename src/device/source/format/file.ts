// A foreign file, read through its format.
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { resolve } from "node:path"
import { count } from "../../../format"
import type { Format } from "../../../topology/formats/schema"
import { type RefusedRow, regularFile, unreadable } from "../file"
import { SurveyMissing } from "../missing"
import { delimitedPieces } from "./delimited/pieces"
import { jsonPieces } from "./json/pieces"
import { LocalTimes, type Placed } from "./local"
import type { Piece } from "./row"
import { senmlPieces } from "./senml"
import { filesOf } from "./several"

/** What a device's file is read with. */
export interface Formatted {
  readonly format: Format
  /** Whose rows they are, as the file calls it; of no interest where the format does not say whose a row is. */
  readonly sensor: string
  /** The site's. */
  readonly timeZone: string
}

interface Whose {
  /** As the file calls it; "" where the format does not say whose a row is, or it cannot be read. */
  readonly device: string
}

interface PlacedRow extends Placed, Whose {
  readonly line: number
  /** Seconds since 1970. */
  readonly at: number
}

/** What some of a file says. */
export interface Content {
  /** Of which file, where there are several. */
  readonly path: string
  readonly readings: readonly PlacedRow[]
  readonly refused: readonly (Required<RefusedRow> & Whose)[]
  /** Rows in which a value is not there, and what the last of them lacks, where it can be told. */
  readonly empty: number
  readonly lacks?: string | undefined
  /** How far into the file this is, bytes. */
  readonly end: number
}

/** Throws SurveyMissing. */
export async function openFile(folder: string, path: string): Promise<FileHandle> {
  await regularFile(folder, path)
  return open(resolve(folder, path), constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => {
    throw unreadable(path, cause)
  })
}

/** Of an open file, as its format has it; none of an empty one. Throws SurveyMissing. @param nowMs since the epoch */
export function piecesOf(
  file: FileHandle,
  path: string,
  { format, timeZone }: Omit<Formatted, "sensor">,
  nowMs: number,
): AsyncGenerator<Piece> {
  switch (format.kind) {
    case "delimited":
      return delimitedPieces(file, path, format, timeZone, nowMs)
    case "json":
      return jsonPieces(file, path, format, timeZone)
    case "senml":
      return senmlPieces(file, path, format)
  }
}

/** All that a file says, or several of that name, of all devices, a piece at a time. Throws SurveyMissing. @param nowMs since the epoch */
export async function* readAll(
  folder: string,
  path: string,
  formatted: Omit<Formatted, "sensor">,
  nowMs: number,
): AsyncGenerator<Content> {
  let isEmpty = true
  for (const each of await filesOf(folder, path)) {
    await using file = await openFile(folder, each)
    let times: LocalTimes | undefined
    for await (const piece of piecesOf(file, each, formatted, nowMs)) {
      isEmpty = false
      times ??= new LocalTimes(piece.clock, formatted.timeZone)
      yield contentOf(piece, each, times)
    }
  }
  if (isEmpty) throw new SurveyMissing(`${path} is empty`)
}

function contentOf(piece: Piece, path: string, times: LocalTimes): Content {
  const readings: PlacedRow[] = []
  const refused: (Required<RefusedRow> & Whose)[] = []
  let empty = 0
  let lacks: string | undefined
  for (const { row, at } of times.follow(piece.rows())) {
    const { device } = row
    if (row.kind === "empty") {
      empty++
      lacks = row.lacks
    } else if (row.kind === "refused") refused.push({ device, line: row.line, rule: row.rule, text: row.text, path })
    else readings.push({ device, line: row.line, at, ...times.place(at, row) })
  }
  return { path, readings, refused, empty, lacks, end: piece.end }
}

/** Of a file in which there is no reading: why, as it follows its path. */
export const describeEmpty = (empty: number, lacks: string | undefined): string =>
  empty === 0
    ? "has no readings"
    : `has ${count(empty, "row")}, and ${lacks ? `nothing at ${lacks}` : "no values in them"}`
