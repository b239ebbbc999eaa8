// Files of others, written to a folder of their own and read as a device's run reads them.
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DayReader } from "../../../../src/device/source/format/day"
import { readAll } from "../../../../src/device/source/format/file"
import { SurveyMissing } from "../../../../src/device/source/missing"
import type { Day } from "../../../../src/survey/calendar"
import { formatReading } from "../../../../src/survey/reading"
import type { Format } from "../../../../src/topology/formats/schema"

export const DAY: Day = "2026-11-21"
export const PATH = "export/bed3.csv"
const LIMIT_BYTES = 1024 * 1024

export interface Asked {
  readonly day?: Day
  readonly sensor?: string
  readonly timeZone?: string
  readonly limitBytes?: number
  readonly path?: string
  /** Refused rows begin with their file. */
  readonly withPaths?: boolean
  /** How long ago the file was last written; a moment by default. */
  readonly ageMs?: number
}

/** What a device sends of a file, and each row that is refused; a single text says why there is nothing to send. */
export type Answer = { lines: string[]; refused: string[] } | string

export class Folder {
  private constructor(
    readonly path: string,
    private readonly reader = new DayReader(),
  ) {}

  static async make(): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), "smart-meter-format-"))
    await Bun.write(join(path, PATH), "")
    return new Folder(path)
  }

  write(content: string | Uint8Array): Promise<void> {
    return writeFile(join(this.path, PATH), content)
  }

  async read(
    format: Format,
    {
      day = DAY,
      sensor = "bed3",
      timeZone = "Europe/Rome",
      limitBytes = LIMIT_BYTES,
      path = PATH,
      withPaths = false,
      ageMs = 0,
    }: Asked = {},
  ): Promise<Answer> {
    try {
      const formatted = { format, sensor, timeZone }
      const nowMs = (await this.#writtenAtMs()) + ageMs
      const read = await this.reader.read({ folder: this.path, path, day, limitBytes, formatted, nowMs })
      const lines = new TextDecoder().decode(read.bytes).split("\n").slice(0, -1)
      return {
        lines,
        refused: (read.refused ?? []).map(({ line, rule, path }) => `${withPaths ? `${path}:` : ""}${line} ${rule}`),
      }
    } catch (error) {
      if (error instanceof SurveyMissing) return error.message
      throw error
    }
  }

  /** The same of all days and devices, each line behind its day. */
  async readAll(
    format: Format,
    { timeZone = "Europe/Rome", ageMs = 0 }: Pick<Asked, "timeZone" | "ageMs"> = {},
  ): Promise<Answer> {
    const lines: string[] = []
    const refused: string[] = []
    const nowMs = (await this.#writtenAtMs()) + ageMs
    for await (const content of readAll(this.path, PATH, { format, timeZone }, nowMs)) {
      for (const { day, reading } of content.readings) lines.push(`${day} ${formatReading(reading)}`)
      for (const { line, rule } of content.refused) refused.push(`${line} ${rule}`)
    }
    return { lines, refused }
  }

  async #writtenAtMs(): Promise<number> {
    return (await stat(join(this.path, PATH))).mtimeMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
