// The files behind a path with * or ? in it, such as exports that are rotated: export/bed3-*.csv
import { stat } from "node:fs/promises"
import { resolve } from "node:path"
import { isGlob } from "../../../topology/devices"
import { SurveyMissing } from "../missing"

const MOST_FILES = 1000
const SPECIAL = /[[\]{}!\\]/g // to whoever looks for files, and not to people

/** Ordered by name; a path without such signs is one file, whether it is there or not. Throws SurveyMissing where there is none. */
export async function filesOf(folder: string, path: string): Promise<string[]> {
  if (!isGlob(path)) return [path]
  const start = path.slice(0, path.search(/[*?]/)).lastIndexOf("/") + 1
  const [above, pattern] = [path.slice(0, start), patternOf(path.slice(start))]
  const cwd = resolve(folder, above)
  const files: string[] = []
  for (const name of await namesIn(cwd, pattern)) {
    const found = await stat(resolve(cwd, name)).catch(() => undefined) // it may be gone
    if (found?.isFile()) files.push(above + name)
  }
  if (files.length === 0) throw new SurveyMissing(`${path} not found: no file has such a name`)
  if (files.length > MOST_FILES) {
    throw new SurveyMissing(`${path} is the name of ${files.length} files: at most ${MOST_FILES} are read`)
  }
  return files.sort()
}

const patternOf = (path: string): string => path.replace(SPECIAL, "\\$&")

async function namesIn(cwd: string, pattern: string): Promise<string[]> {
  try {
    return await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd, onlyFiles: false }))
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR"].includes(String(error.code))) return []
    throw error
  }
}
