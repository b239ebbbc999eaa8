// What the header of a foreign file calls its columns.
import { didYouMean } from "../../../../nearest"
import { shorten } from "../../../../printable"
import { parseOffset } from "../../../../topology/formats/pattern"
import type { Column } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"

const COLUMNS_NAMED = 12
const NAME_CHARACTERS = 60

export class Header {
  /** Of each column: its cells joined, and each cell. */
  readonly #names: (readonly string[])[] = []
  readonly width: number

  /** @param start the first of its rows that is as wide as the readings, from 0 */
  constructor(
    private readonly rows: readonly (readonly string[])[],
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
    const found = this.findIn([...this.#names.keys()], name)
    if (found !== undefined) return found
    const named = this.#names.map(([joined = ""]) => joined)
    const shown = named.slice(0, COLUMNS_NAMED).map((each) => shorten(each, NAME_CHARACTERS))
    const more = named.length > COLUMNS_NAMED ? `, and ${named.length - COLUMNS_NAMED} more` : ""
    const meant = didYouMean(name, this.#names.flat())
    throw new SurveyMissing(
      `${this.path} has no column ${name}${meant ? `${meant} Its` : ": its"} columns are ${shown.join(" | ")}${more}`,
    )
  }

  /** The same among these columns; undefined where it is not there. A number is one of the whole file. */
  findIn(columns: readonly number[], column: Column): number | undefined {
    if (typeof column === "number") return columns.includes(column - 1) ? column - 1 : undefined
    const name = plain(column)
    const isWhole = ([joined]: readonly string[]) => joined === name
    const isPart = ([, ...cells]: readonly string[]) => cells.includes(name)
    const isBeginning = (names: readonly string[]) => names.some((each) => isNamed(each, name))
    for (const fits of [isWhole, isPart, isBeginning]) {
      const found = columns.filter((at) => fits(this.#names[at] ?? []))
      const [first] = found
      if (first !== undefined && found.length === 1) return first
      if (found.length > 1) {
        const numbers = found.map((at) => at + 1).join(", ")
        throw new SurveyMissing(
          `${this.path} has several columns ${name}, ${numbers}: give the number of the one that is meant`,
        )
      }
    }
    return undefined
  }

  /** What stands in a row of the header, from 1, and in which columns. */
  names(row: number): { name: string; columns: number[] }[] {
    const byName = new Map<string, number[]>()
    for (let column = 0; column < this.width; column++) {
      const name = plain(this.rows[row - 1]?.[column] ?? "")
      const columns = byName.get(name)
      if (columns) columns.push(column)
      else byName.set(name, [column])
    }
    return Array.from(byName, ([name, columns]) => ({ name, columns })).filter(({ name }) => name !== "")
  }

  /** As HOBO writes it: Date Time, GMT+01:00 */
  zoneOf(column: number): string | undefined {
    const [joined = ""] = this.#names[column] ?? []
    const [written, offset] = /(?:GMT|UTC) ?([+-]\d\d:?\d\d)/.exec(joined) ?? []
    if (offset === undefined || !Number.isNaN(parseOffset(offset))) return offset
    throw new SurveyMissing(
      `${this.path} has times of ${written}, which is no offset: say with time.zone what its clock is`,
    )
  }
}

/** HOBO writes a logger's numbers behind what it measures. */
export const isNamed = (cell: string, name: string): boolean =>
  cell === name || cell.startsWith(`${name} (`) || cell.startsWith(`${name}, `)

/** How many columns a row has, without blank ones at its end. */
export const columnsOf = (cells: readonly string[]): number => cells.findLastIndex((cell) => cell.trim() !== "") + 1

export const plain = (text: string): string => text.trim().replace(/\s+/g, " ")
