// Survey text of any kind: every line is taken or refused, what is taken is read back, merges lose nothing.
import { splitAddressedLines } from "../../../src/survey/addressed"
import { type ClockChange, clockChange, type Day } from "../../../src/survey/calendar"
import { readCanonical } from "../../../src/survey/canonical"
import type { Reading } from "../../../src/survey/reading"
import { formatSurvey, parseSurvey } from "../../../src/survey/survey"
import { mergeReadings } from "../../survey/fixtures"
import type { Dice } from "./dice"
import { appendText } from "./survey-text"
import type { Target } from "./target"

/** Days on which the clock does something, and one on which it does not. */
const CLOCK_DAYS: readonly [Day, string][] = [
  ["2026-11-21", "Europe/Rome"],
  ["2026-03-29", "Europe/Rome"],
  ["2026-10-25", "Europe/Rome"],
  ["2026-04-05", "Australia/Lord_Howe"],
  ["2026-04-04", "America/Santiago"],
  ["2026-10-29", "Africa/Cairo"],
  ["2010-11-07", "America/St_Johns"],
  ["2026-11-01", "America/Havana"],
]
const CHANGES = CLOCK_DAYS.map(([day, timeZone]) => clockChange(day, timeZone))

interface Survey {
  readonly readings: Reading[]
  readonly refusedCount: number
}

export interface SurveyCode {
  readonly read: typeof readCanonical
  readonly parse: (text: string, change: ClockChange) => Survey
  readonly format: (readings: readonly Reading[]) => string
  readonly merge: typeof mergeReadings
}

export const SURVEY_CODE: SurveyCode = {
  read: readCanonical,
  parse: parseSurvey,
  format: formatSurvey,
  merge: mergeReadings,
}

export class Surveys implements Target {
  readonly name = "surveys"
  #text = ""
  #earlier = ""
  #change: ClockChange = {}

  constructor(private readonly code: SurveyCode = SURVEY_CODE) {}

  check(dice: Dice): string | undefined {
    const { parse, merge } = this.code
    const change = CHANGES[dice.below(CHANGES.length)] ?? {}
    this.#change = change
    this.#earlier = ""
    this.#text = appendText("", change, dice)
    const incoming = parse(this.#text, change)
    const wrong = this.#checkSurvey(incoming)
    if (wrong !== undefined) return wrong
    if (dice.below(16) === 0) return checkAddressed(this.#text)
    if (dice.below(2) === 0) return undefined
    this.#earlier = appendText("", change, dice)
    const stored = parse(this.#earlier, change)
    return checkMerge(stored.readings, incoming.readings, merge, change)
  }

  input(): string {
    return JSON.stringify({ change: this.#change, stored: this.#earlier, text: this.#text })
  }

  #checkSurvey({ readings, refusedCount }: Survey): string | undefined {
    const { read, parse, format } = this.code
    const lines = filledLines(this.#text)
    if (readings.length + refusedCount !== lines) {
      return `${readings.length} taken and ${refusedCount} refused are not the ${lines} lines`
    }
    if (!areInOrder(readings, this.#change)) return "the readings are out of order"
    if (!tellTheirPass(readings, this.#change)) return "an offset is not that of the second pass"
    const text = format(readings)
    const again = parse(text, this.#change)
    if (again.refusedCount > 0 || !areSame(again.readings, readings))
      return `written again it is ${JSON.stringify(text)}`
    const stored = read(this.#text, this.#change)
    const isSame = stored.body === text && stored.readings === readings.length && stored.refusedCount === refusedCount
    return isSame ? undefined : `it is stored as ${JSON.stringify(stored)}`
  }
}

function checkMerge(
  stored: readonly Reading[],
  incoming: readonly Reading[],
  merge: typeof mergeReadings,
  change: ClockChange,
): string | undefined {
  const { readings, superseded } = merge(stored, incoming, change)
  const kept = stored.filter((reading) => !incoming.some((newer) => isSameTime(newer, reading)))
  const replaced = stored.filter((reading) =>
    incoming.some((newer) => isSameTime(newer, reading) && !isSame(newer, reading)),
  )
  if (readings.length !== kept.length + incoming.length) return `merged ${readings.length} readings`
  for (const reading of incoming) if (!readings.some((each) => isSame(each, reading))) return "a newer reading is lost"
  for (const reading of kept) if (!readings.some((each) => isSame(each, reading))) return "a stored reading is lost"
  if (!areSame(superseded, replaced)) return "superseded readings are not told"
  if (!areInOrder(readings, change)) return "the merged readings are out of order"
  const again = merge(readings, incoming, change)
  return again.superseded.length === 0 && areSame(again.readings, readings)
    ? undefined
    : "a second merge changes something"
}

/** Every line that is not blank goes to exactly one address. */
function checkAddressed(text: string): string | undefined {
  let lines = 0
  for (const survey of splitAddressedLines(text).values()) lines += survey.split("\n").length - 1
  const filled = text.split("\n").filter((line) => line.trim() !== "").length
  return lines === filled ? undefined : `${lines} addressed lines of ${filled}`
}

/** Lines with anything but white space, a byte order mark in front left out. */
function filledLines(text: string): number {
  let lines = 0
  let filled = false
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 10) {
      if (filled) lines++
      filled = false
    } else if (code !== 32 && code !== 9 && code !== 13) filled = true
  }
  return filled ? lines + 1 : lines
}

/** Strictly rising on the day's clock, on which the repeated hour stands twice. */
function areInOrder(readings: readonly Reading[], { repeated }: ClockChange): boolean {
  let before = -1
  for (const { seconds, offset } of readings) {
    const isLater = repeated !== undefined && (offset !== undefined || seconds >= repeated.to)
    const at = isLater ? seconds + repeated.to - repeated.from : seconds
    if (at <= before) return false
    before = at
  }
  return true
}

/** The second pass, and nothing else, carries the offset that is right after the clock went back. */
const tellTheirPass = (readings: readonly Reading[], { repeated }: ClockChange): boolean =>
  readings.every(({ seconds, offset }) => {
    if (offset === undefined) return true
    return repeated !== undefined && seconds >= repeated.from && seconds < repeated.to && offset === repeated.offsets[1]
  })

const isSameTime = (a: Reading, b: Reading): boolean => a.seconds === b.seconds && a.offset === b.offset

const isSame = (a: Reading, b: Reading): boolean =>
  isSameTime(a, b) && Object.is(a.temperature, b.temperature) && Object.is(a.humidity, b.humidity)

function areSame(some: readonly Reading[], others: readonly Reading[]): boolean {
  if (some.length !== others.length) return false
  for (const [index, reading] of some.entries()) {
    const other = others[index]
    if (!other || !isSame(reading, other)) return false
  }
  return true
}
