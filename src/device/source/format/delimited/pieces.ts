// A file of rows and columns, piece by piece.
import type { FileHandle } from "node:fs/promises"
import type { DelimitedFormat } from "../../../../topology/formats/schema"
import { type Block, blocksOf } from "../blocks"
import type { FileClock, Piece, Row } from "../row"
import { type Layout, readLayout } from "./layout"
import { rowsOf, visitTimes, widthOf } from "./rows"

const STILL_WRITTEN_MS = 10 * 60_000 // a logger that writes a row in two parts does not wait so long between them

/** Throws SurveyMissing where it is no such file. @param nowMs since the epoch */
export async function* delimitedPieces(
  file: FileHandle,
  path: string,
  format: DelimitedFormat,
  timeZone: string,
  nowMs: number,
): AsyncGenerator<Piece> {
  let layout: Layout | undefined
  let first: Block | undefined
  for await (const block of blocksOf(file, path)) {
    layout ??= readLayout(block, format, path, timeZone)
    first ??= block
    // asked behind its last byte: whatever was written before that counts
    const isAtRest = block.isCut && nowMs - (await file.stat()).mtimeMs > STILL_WRITTEN_MS
    yield new DelimitedPiece(block, layout, isAtRest ? openWidth(block, first, layout) : undefined)
  }
}

/** Without a header other rows tell. */
const openWidth = (block: Block, first: Block, layout: Layout): number | undefined =>
  layout.width ?? (first === block ? undefined : widthOf(first, layout))

export class DelimitedPiece implements Piece {
  /** @param openWidth of how many columns a last line is a row even without an end; undefined where it may still be written */
  constructor(
    private readonly block: Block,
    private readonly layout: Layout,
    private readonly openWidth?: number,
  ) {}

  get key(): string {
    const { hash, line } = this.block
    const { time, device, groups } = this.layout
    return `${hash} ${line === 1 ? "head" : time} ${device} ${groups.map((group) => group.device)}`
  }

  get end(): number {
    return this.block.end
  }

  get clock(): FileClock {
    return this.layout
  }

  rows(): Row[] {
    return rowsOf(this.block, this.layout, this.openWidth)
  }

  visitTimes(visit: (time: number, device: string) => void): void {
    visitTimes(this.block, this.layout, visit)
  }
}
