// The file behind a survey: looked at before it is opened, so that a pipe cannot hang a run nor a huge file fill the memory.
import { isUtf8 } from "node:buffer"
import type { Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { resolve } from "node:path"
import { checkSize, SurveyMissing } from "./missing"

/**
 * The bytes of a survey file, UTF-8 and at most `limitBytes`. Throws SurveyMissing.
 * @param folder what relative paths start from
 */
export async function readSurveyFile(folder: string, path: string, limitBytes: number): Promise<Uint8Array> {
  const { size } = await regularFile(folder, path)
  checkSize(path, "has", size, limitBytes)
  const bytes = await readStart(folder, path, limitBytes + 1)
  checkSize(path, "has", bytes.length, limitBytes) // it may grow meanwhile
  const line = firstBrokenLine(bytes)
  if (line !== undefined) throw new SurveyMissing(`${path}:${line} is not UTF-8 text`)
  return bytes
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

async function readStart(folder: string, path: string, bytes: number): Promise<Uint8Array> {
  try {
    return await Bun.file(resolve(folder, path)).slice(0, bytes).bytes()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

const FILE_PROBLEMS: Record<string, string> = {
  ENOENT: "not found",
  ENOTDIR: "not found",
  EACCES: "may not be read: check its permissions",
}

function unreadable(path: string, cause: unknown): SurveyMissing {
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
