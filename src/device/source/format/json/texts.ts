// A file of JSON in pieces: lines some at a time, or a document whole, up to a bound.
import type { FileHandle } from "node:fs/promises"
import type { JsonPath } from "../../../../topology/formats/json-path"
import { SurveyMissing } from "../../missing"
import { type Block, blocksOf, textOf } from "../blocks"
import { type Element, elementsOfDocuments, elementsOfLines, hasLines } from "./elements"

/** Some values of a file. */
export interface JsonText {
  /** The same for the same values. */
  readonly key: string
  /** How far into the file it reaches, bytes. */
  readonly end: number
  elements(): Iterable<Element>
}

const MOST_BYTES = 8 * 1024 * 1024 // of what is no value a line: it is in memory as a whole, and nothing else is done while it is read

/** @param rows where the list of readings stands in each value. Throws SurveyMissing. */
export async function* jsonTextsOf(file: FileHandle, path: string, rows?: JsonPath): AsyncGenerator<JsonText> {
  let isFirst = true
  for await (const block of blocksOf(file, path)) {
    if (isFirst && !hasLines(block.text)) return yield await readDocuments(file, path, rows)
    isFirst = false
    yield linesOf(block, rows)
  }
}

/** Of values a line each. */
export const linesOf = (block: Block, rows: JsonPath | undefined): JsonText => ({
  key: `lines ${block.hash}`,
  end: block.end,
  elements: () => elementsOfLines(block, rows),
})

async function readDocuments(file: FileHandle, path: string, rows: JsonPath | undefined): Promise<JsonText> {
  const { size } = await file.stat()
  if (size > MOST_BYTES) {
    throw new SurveyMissing(
      `${path} has ${size} bytes and not a value a line: such a file is read up to ${MOST_BYTES} bytes, write each value on a line of its own`,
    )
  }
  const bytes = new Uint8Array(size)
  let end = 0
  while (end < size) {
    const { bytesRead } = await file.read(bytes, end, size - end, end)
    if (bytesRead === 0) break // it was cut meanwhile
    end += bytesRead
  }
  return documentsOf(textOf(bytes.subarray(0, end)), end, rows)
}

/** Of a whole file. */
export const documentsOf = (text: string, end: number, rows: JsonPath | undefined): JsonText => ({
  key: `documents ${Bun.hash(text)}`,
  end,
  elements: () => elementsOfDocuments(text, rows),
})
