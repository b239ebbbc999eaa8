// A file of SenML (RFC 8428), piece by piece: a pack as one list, or one a line.
import type { FileHandle } from "node:fs/promises"
import { SenmlReadings } from "../../../survey/senml/readings"
import type { SenmlFormat } from "../../../topology/formats/schema"
import type { Element } from "./json/elements"
import { type JsonText, jsonTextsOf } from "./json/texts"
import type { FileClock, Piece, Row } from "./row"
import { Zone } from "./zone"

const UTC: FileClock = { isUtc: true, zone: new Zone("UTC") }

/** Throws SurveyMissing where it is no such file. */
export async function* senmlPieces(file: FileHandle, path: string, format: SenmlFormat): AsyncGenerator<Piece> {
  for await (const text of jsonTextsOf(file, path)) yield new SenmlPiece(text, format)
}

export class SenmlPiece implements Piece {
  readonly clock = UTC

  constructor(
    private readonly text: JsonText,
    private readonly format: SenmlFormat,
  ) {}

  get key(): string {
    return this.text.key
  }

  get end(): number {
    return this.text.end
  }

  rows(): Row[] {
    const rows: Row[] = []
    for (const pack of packsOf(this.text.elements())) {
      const readings = new SenmlReadings(this.format.device?.path, undefined) // who knows when a file was sent
      for (const element of pack) {
        if ("rule" in element) readings.break(element.rule, element.line)
        else readings.take(element.value, element.line)
      }
      const texts = new Map(pack.map(({ line, text }) => [line, text]))
      for (const row of readings.rows()) {
        rows.push(row.kind === "empty" ? row : { ...row, text: texts.get(row.line) ?? "" })
      }
    }
    return rows
  }

  visitTimes(visit: (time: number, device: string) => void): void {
    for (const { time, device } of this.rows()) visit(time, device)
  }
}

function* packsOf(elements: Iterable<Element>): Generator<Element[]> {
  let pack: Element[] = []
  for (const element of elements) {
    if (pack.length > 0 && pack[0]?.document !== element.document) {
      yield pack
      pack = []
    }
    pack.push(element)
  }
  if (pack.length > 0) yield pack
}
