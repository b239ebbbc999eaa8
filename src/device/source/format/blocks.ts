// A foreign file in pieces of whole lines: it may be larger than the memory, and its parts that are known need no second look.
import { isUtf8 } from "node:buffer"
import type { FileHandle } from "node:fs/promises"
import { SurveyMissing } from "../missing"

/** Some lines of a file, without the end of the last one. */
export interface Block {
  readonly text: string
  /** The number of its first line, from 1. */
  readonly line: number
  readonly lines: number
  /** Of its bytes; the same for the same lines. */
  readonly hash: bigint
  /** The file's last line has no end: it may be cut, or still be written. */
  readonly isCut: boolean
  /** The start of one line that is longer than any row, such as the zeros that a power cut leaves behind: it is no row. */
  readonly isEndless: boolean
  /** How far into the file it reaches, bytes. */
  readonly end: number
}

const BLOCK_BYTES = 64 * 1024
const MOST_LINE_BYTES = 1024 * 1024 // a line of JSON may hold a day
export const ENDLESS = `A line must end within ${MOST_LINE_BYTES} bytes: zeros may stand there, as after a power cut`
const UTF_16 = /^(?:ÿþ|þÿ|\0|[^\n]\0)/
const NEWLINE = 0x0a

/** The blocks of an open file; as long as nothing before them changes they are the same ones again. Throws SurveyMissing. */
export async function* blocksOf(file: Pick<FileHandle, "read">, path: string): AsyncGenerator<Block> {
  let line = 1
  let at = 0
  let rest = new Uint8Array()
  let endless: Block | undefined
  for (let isEnd = false; !isEnd; ) {
    const bytes = new Uint8Array(rest.length + BLOCK_BYTES)
    bytes.set(rest)
    const { bytesRead } = await file.read(bytes, rest.length, BLOCK_BYTES, at)
    at += bytesRead
    isEnd = bytesRead === 0
    const read = bytes.subarray(0, rest.length + bytesRead)
    if (endless) {
      const newline = read.indexOf(NEWLINE)
      rest = newline === -1 ? new Uint8Array() : read.slice(newline + 1)
      if (newline === -1 && !isEnd) continue
      yield { ...endless, isCut: isEnd, end: at - rest.length }
      line += endless.lines
      endless = undefined
      continue
    }
    const newline = read.lastIndexOf(NEWLINE)
    const isEndless = newline === -1 && read.length > MOST_LINE_BYTES
    const end = isEnd || isEndless ? read.length : newline + 1
    rest = read.slice(end)
    if (end === 0) continue
    const block = blockOf(read.subarray(0, end), line, isEnd, at - rest.length, isEndless)
    if (line === 1 && UTF_16.test(block.text)) throw new SurveyMissing(`${path} is UTF-16 text: save it as UTF-8`)
    if (isEndless) endless = block
    else {
      yield block
      line += block.lines
    }
  }
}

/** @param line the number of its first line @param isEnd nothing follows @param end how far into the file it reaches */
export function blockOf(bytes: Uint8Array, line: number, isEnd: boolean, end: number, isEndless = false): Block {
  const isOpen = bytes.at(-1) !== NEWLINE
  const text = textOf(isOpen ? bytes : bytes.subarray(0, -1))
  const lines = countLines(bytes) + (isOpen ? 1 : 0)
  const hash = BigInt(Bun.hash(bytes, isEndless ? 1 : 0))
  return { text, line, lines, hash, isCut: isOpen && isEnd, isEndless, end }
}

const UTF_8 = new TextDecoder()
const LATIN_1 = new TextDecoder("windows-1252") // older programs write ° in one byte

export const textOf = (bytes: Uint8Array): string => (isUtf8(bytes) ? UTF_8 : LATIN_1).decode(bytes)

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}
