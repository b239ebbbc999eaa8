// The names of a foreign file's columns, as the rows above its readings have them.
import { didYouMean } from "../../../../nearest"
import { shorten } from "../../../../printable"
import type { Column } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"

const COLUMNS_NAMED = 12
const NAME_CHARACTERS = 60

export class Header {
  /** Of each column: its cells joined, and each cell. */
  readonly #names: (readonly string[])[] = []
  readonly width: number

  /** @param start the first of its rows that is as wide as the readings */
  constructor(
    rows: readonly (readonly string[])[],
    start: number,
    private readonly path: string,
  ) {
    this.width = Math.max(0, ...rows.slice(start).map(columnsOf))
    for (let column = 0; column < this.width; column++) {
      const cells = rows.map((row) => plain(row[column] ?? "")).filter((cell) => cell !== "")
      this.#names.push([cells.join(" "), ...cells])
    }
  }

  find(column: Column): number {
    if (typeof column === "number") {
      if (this.#names.length > 0 && column > this.width) {
        throw new SurveyMissing(`${this.path} has no column ${column}: it has ${this.width}`)
      }
      return column - 1
    }
    const name = plain(column)
    if (this.#names.length === 0) {
      throw new SurveyMissing(`${this.path} has no row that names its columns: give the number of column ${name}`)
    }
    const isWhole = ([joined]: readonly string[]) => joined === name
    const isPart = ([, ...cells]: readonly string[]) => cells.includes(name)
    const isBeginning = (names: readonly string[]) => names.some((each) => isNamed(each, name))
    for (const fits of [isWhole, isPart, isBeginning]) {
      const found = this.#names.flatMap((names, at) => (fits(names) ? [at] : []))
      const [first] = found
      if (first !== undefined && found.length === 1) return first
      if (found.length > 1) {
        const numbers = found.map((at) => at + 1).join(", ")
        throw new SurveyMissing(
          `${this.path} has several columns ${name}, ${numbers}: give the number of the one that is meant`,
        )
      }
    }
    const named = this.#names.map(([joined = ""]) => joined)
    const shown = named.slice(0, COLUMNS_NAMED).map((each) => shorten(each, NAME_CHARACTERS))
    const more = named.length > COLUMNS_NAMED ? `, and ${named.length - COLUMNS_NAMED} more` : ""
    const meant = didYouMean(name, this.#names.flat())
    throw new SurveyMissing(
      `${this.path} has no column ${name}${meant || ":"} Its columns are ${shown.join(" | ")}${more}`,
    )
  }

  /** As HOBO writes it: Date Time, GMT+01:00 */
  zoneOf(column: number): string | undefined {
    const [joined = ""] = this.#names[column] ?? []
    const [, offset] = /(?:GMT|UTC) ?([+-]\d\d:?\d\d)/.exec(joined) ?? []
    return offset
  }
}

/** HOBO writes a logger's numbers behind what it measures. */
export const isNamed = (cell: string, name: string): boolean =>
  cell === name || cell.startsWith(`${name} (`) || cell.startsWith(`${name}, `)

/** How many columns a row has, without blank ones at its end. */
export const columnsOf = (cells: readonly string[]): number => cells.findLastIndex((cell) => cell.trim() !== "") + 1

export const plain = (text: string): string => text.trim().replace(/\s+/g, " ")
