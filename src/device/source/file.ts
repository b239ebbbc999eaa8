// The file behind a survey: looked at before it is opened, so that a pipe cannot hang a run nor a huge file fill the memory.
import { isUtf8 } from "node:buffer"
import { constants, type Stats } from "node:fs"
import { open, stat } from "node:fs/promises"
import { resolve } from "node:path"
import type { RefusedLine } from "../../survey/survey"
import { checkSize, SurveyMissing } from "./missing"

/** A row of a foreign file; `path` says of which, where there are several. */
export interface RefusedRow extends RefusedLine {
  readonly path?: string
}

/** A survey as its source has it now. */
export interface SurveyText {
  /** UTF-8. */
  readonly bytes: Uint8Array
  /** When the file was last written, milliseconds since the epoch; undefined where nothing tells. */
  readonly writtenAtMs?: number
  /** Of a foreign file the rows of that day that were refused, the first hundred; they are not among the bytes. */
  readonly refused?: readonly RefusedRow[]
  readonly refusedCount?: number
  /** A foreign file has nothing of a later day yet: more of this one may come. */
  readonly isPart?: boolean
}

type DatedText = SurveyText & Required<Pick<SurveyText, "writtenAtMs">>

/**
 * A survey file of at most `limitBytes`. Throws SurveyMissing.
 * @param folder what relative paths start from
 */
export async function readSurveyFile(folder: string, path: string, limitBytes: number): Promise<DatedText> {
  const { size } = await regularFile(folder, path)
  checkSize(path, "has", size, limitBytes)
  const { bytes, writtenAtMs } = await readStart(folder, path, limitBytes + 1)
  checkSize(path, "has", bytes.length, limitBytes) // it may grow meanwhile
  const line = firstBrokenLine(bytes)
  if (line !== undefined) throw new SurveyMissing(`${path}:${line} is not UTF-8 text`)
  return { bytes, writtenAtMs }
}

/** What is known of a regular file. Throws SurveyMissing when there is none. */
export async function regularFile(folder: string, path: string): Promise<Stats> {
  const stats = await stat(resolve(folder, path)).catch((cause) => {
    throw unreadable(path, cause)
  })
  if (stats.isDirectory()) throw new SurveyMissing(`${path} is a folder, not a file`)
  if (!stats.isFile()) throw new SurveyMissing(`${path} is not a regular file`)
  return stats
}

/** Both of one open file: another one may take its name meanwhile. */
async function readStart(folder: string, path: string, mostBytes: number): Promise<DatedText> {
  try {
    await using file = await open(resolve(folder, path), constants.O_RDONLY | constants.O_NONBLOCK)
    // asked before the bytes are read: what is written meanwhile must not make older ones look new
    const { mtimeMs: writtenAtMs } = await file.stat()
    return { bytes: await Bun.file(file.fd).slice(0, mostBytes).bytes(), writtenAtMs }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

const FILE_PROBLEMS: Record<string, string> = {
  ENOENT: "not found",
  ENOTDIR: "not found",
  EACCES: "may not be read: check its permissions",
}

export function unreadable(path: string, cause: unknown): SurveyMissing {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
  return new SurveyMissing(`${path} ${FILE_PROBLEMS[code] ?? `cannot be read: ${code}`}`, { cause })
}

const NEWLINE = 0x0a

/** The number, from 1, of the first line that is not UTF-8. */
function firstBrokenLine(bytes: Uint8Array): number | undefined {
  if (isUtf8(bytes)) return undefined
  for (let line = 1, from = 0; ; line++) {
    const newline = bytes.indexOf(NEWLINE, from)
    const to = newline === -1 ? bytes.length : newline
    if (newline === -1 || !isUtf8(bytes.subarray(from, to))) return line
    from = to + 1
  }
}
