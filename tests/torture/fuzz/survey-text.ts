// Survey text to try: sound lines around the clock's change, lines that break a rule, and lines that are no lines.
import type { ClockChange } from "../../../src/survey/calendar"
import type { Dice } from "./dice"

const MOST_LINES = 4
const LAST_SECOND = 86_399
const ODD = [
  "24:00 - 20 - 30%",
  "08:00 -20 - 30%",
  "08:00 - -0 - 0.00%",
  "08:00 - 90.01 - 30%",
  "08:00 - 20 - 100.1%",
  "08:00 - 1e1 - 30%",
  "08:60 - 20 - 30%",
  "8:00 - 20 - 30%",
  "08:00 - 20 - 30",
  "08:00 - 20",
  "٠٨:٠٠ - 20 - 30%",
  "08:00 - 20.005 - 30%",
  "08:00 - 00000000000000000000020 - 30%",
  "192.168.1.2 08:00 - 20 - 30%",
  "192.168.1.2 - 08:00 - 20 - 30%",
  "",
  "  \t",
  "-",
  "\u0000\u001b[31m\ud800",
  `08:00 - 20 - 30%${" ".repeat(200)}x`,
]
const PIECES = [
  "\n",
  "\r",
  "\uFEFF",
  "-",
  " - ",
  "%",
  ":",
  ".",
  "0",
  "9",
  "\t",
  "\u00a0",
  "\ud800",
  "\u2028",
  "12",
  "e",
  "+",
  "",
]
const OFFSETS = ["+01:00", "-03:30", "+00:19:32", "+25:00", "-00:00", "Z"]
const ENDS = ["\n", "\n", "\n", "\n", "\r\n", " \n", "\n\n"]

/** `text` with up to four lines behind it, some of them damaged. */
export function appendText(text: string, change: ClockChange, dice: Dice): string {
  let made = dice.below(32) === 0 ? `\uFEFF${text}` : text
  const { from = 7200, to = 10_800 } = change.repeated ?? change.skipped ?? {}
  let seconds = from - 600
  for (let left = dice.below(MOST_LINES + 1); left > 0; left--) {
    const kind = dice.below(16)
    // around the change, mostly forwards, so that both passes of a repeated hour come
    seconds += dice.below(Math.floor((to - from) * 0.8)) - (to - from) / 8
    if (kind === 0) made += ODD[dice.below(ODD.length)] ?? ""
    else if (kind === 1) made = damaged(made + lineOf(seconds, change, dice), dice)
    else made += lineOf(seconds, change, dice)
    if (kind === 2) seconds = from
    made += left > 1 || dice.below(2) === 0 ? (ENDS[dice.below(ENDS.length)] ?? "") : ""
  }
  return made
}

function lineOf(seconds: number, change: ClockChange, dice: Dice): string {
  const at = Math.min(LAST_SECOND, Math.max(0, Math.floor(seconds)))
  const rest = at % 60
  const time = `${digits(Math.floor(at / 3600))}:${digits(Math.floor(at / 60) % 60)}`
  const whole = dice.below(4) === 0 || rest === 0 ? time : `${time}:${digits(rest)}`
  return `${whole}${offset(change, dice)} - ${decimal(dice, 190, -95)} - ${decimal(dice, 105, -2)}%`
}

/** Mostly none; of the two that there are, or of another place. */
function offset({ repeated }: ClockChange, dice: Dice): string {
  const kind = dice.below(8)
  if (kind === 0) return OFFSETS[dice.below(OFFSETS.length)] ?? ""
  return kind < 4 && repeated ? (repeated.offsets[kind % 2] ?? "") : ""
}

const digits = (number: number): string => (number < 10 ? `0${number}` : String(number))

/** With up to two places, now and then out of its range or with zeros at its end. */
function decimal(dice: Dice, span: number, least: number): string {
  const places = dice.below(4)
  const whole = dice.below(span) + least
  if (places < 2) return String(whole)
  return `${whole}.${places === 2 ? dice.below(10) : digits(dice.below(100))}`
}

function damaged(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1)
  const end = Math.min(text.length, at + dice.below(3))
  return text.slice(0, at) + (PIECES[dice.below(PIECES.length)] ?? "") + text.slice(end)
}
