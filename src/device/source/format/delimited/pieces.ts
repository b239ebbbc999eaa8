// A file of rows and columns, piece by piece.
import type { FileHandle } from "node:fs/promises"
import type { DelimitedFormat } from "../../../../topology/formats/schema"
import { type Block, blocksOf } from "../blocks"
import type { FileClock, Piece, Row } from "../row"
import { type Layout, readLayout } from "./layout"
import { rowsOf, visitTimes } from "./rows"

/** Throws SurveyMissing where it is no such file. */
export async function* delimitedPieces(
  file: FileHandle,
  path: string,
  format: DelimitedFormat,
  timeZone: string,
): AsyncGenerator<Piece> {
  let layout: Layout | undefined
  for await (const block of blocksOf(file, path)) {
    layout ??= readLayout(block, format, path, timeZone)
    yield new DelimitedPiece(block, layout)
  }
}

export class DelimitedPiece implements Piece {
  constructor(
    private readonly block: Block,
    private readonly layout: Layout,
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
    return rowsOf(this.block, this.layout)
  }

  visitTimes(visit: (time: number, device: string) => void): void {
    visitTimes(this.block, this.layout, visit)
  }
}
