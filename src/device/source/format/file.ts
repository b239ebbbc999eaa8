// A foreign file, read through its format.
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { resolve } from "node:path"
import type { RefusedLine } from "../../../survey/survey"
import type { Format } from "../../../topology/formats/schema"
import { regularFile, unreadable } from "../file"
import { SurveyMissing } from "../missing"
import { type Block, blocksOf } from "./blocks"
import { type Layout, readLayout } from "./layout"
import { LocalTimes, type Placed } from "./local"
import { type Row, rowsOf } from "./rows"

/** What a device's file is read with. */
export interface Formatted {
  readonly format: Format
  /** Whose rows they are, as the file calls it; of no interest where the format does not say whose a row is. */
  readonly sensor: string
  /** The site's. */
  readonly timeZone: string
}

/** What a block of a file says. */
export interface Content {
  readonly readings: readonly (Placed & { readonly device: string })[]
  readonly refused: readonly RefusedLine[]
  /** Rows in which a value is not there. */
  readonly empty: number
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

/** The blocks of a file with its layout, which its first one tells. Throws SurveyMissing, also for an empty file. */
export async function* laidOut(
  file: FileHandle,
  path: string,
  { format, timeZone }: Omit<Formatted, "sensor">,
): AsyncGenerator<{ block: Block; layout: Layout }> {
  let layout: Layout | undefined
  for await (const block of blocksOf(file)) {
    layout ??= readLayout(block, format, path, timeZone)
    yield { block, layout }
  }
  if (!layout) throw new SurveyMissing(`${path} is empty`)
}

/** All that a file says, of all devices, a block at a time. Throws SurveyMissing. */
export async function* readAll(
  folder: string,
  path: string,
  formatted: Omit<Formatted, "sensor">,
): AsyncGenerator<Content> {
  await using file = await openFile(folder, path)
  let times: LocalTimes | undefined
  for await (const { block, layout } of laidOut(file, path, formatted)) {
    times ??= new LocalTimes(layout, formatted.timeZone)
    const readings: (Placed & { device: string })[] = []
    const refused: RefusedLine[] = []
    let empty = 0
    for (const row of rowsOf(block, layout)) {
      const { device } = row
      const instant = times.instantOf(row)
      if (row.kind === "empty") empty++
      else if (row.kind === "refused") refused.push(row)
      else if (instant === undefined) refused.push(skipped(row))
      else readings.push({ device, ...times.place(instant, row) })
    }
    yield { readings, refused, empty, end: block.end }
  }
}

/** A row of a time that the clock of its file skips. */
export const skipped = ({ line, text }: Extract<Row, { kind: "values" }>): RefusedLine => ({
  line,
  text,
  rule: "Time must be on the file's clock, which skips it on this day: say with time.zone what clock that is",
})
