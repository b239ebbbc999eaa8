// A device's days as tables: by the hour, each day, week beside week.
import type { Day } from "../../survey/calendar"
import type { DayStatistics, Statistics } from "../../survey/statistics"
import { type Html, html } from "../markup/html"
import type { History, HistoryDay } from "./history"
import { briefSpan, decimal, difference, weekday } from "./texts"
import { type Week, weeksOf } from "./trends"

const ROWS = 31 // of days; of more a row is a week
const WEEK = 7
const SHADES = 8
const LEAST_RANGE = SHADES // percentage points: what hardly changes has hardly more than one colour

/** A row each day, or each week of many days; a column each hour that has anything. */
export function hoursTable({ days }: History): Html {
  const rows = days.length > ROWS ? weeksOfDays(days) : days.map((day) => [day])
  const used = HOURS.filter((hour) => days.some(({ hours }) => hours[hour] !== undefined))
  const cells = rows.map((row) => used.map((hour) => meanOf(row, hour)))
  const values = cells.flat().filter((value) => value !== undefined)
  if (values.length === 0) return html`<p>Nothing in this time.</p>`
  const shade = shadesOf(Math.min(...values), Math.max(...values))
  const today = days.at(-1)?.day
  return html`<p class="quiet">Means of ${rows.length < days.length ? "each week" : "each day"} by the local hour; the darker, the wetter.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Soil humidity by the hour">
<table class="hours"><caption>Soil humidity, %</caption>
<thead><tr><td></td>${used.map((hour) => html`<th scope="col">${TWO_DIGITS[hour]}</th>`)}</tr></thead>
<tbody>${rows
    .map((row, at) => {
      const [first, last] = [row.at(0)?.day, row.at(-1)?.day]
      const name = first && last && (first === last ? weekday(first, today) : briefSpan(first, last, today))
      return html`<tr><th scope="row">${name}</th>${cells[at]?.map((value, column) =>
        value === undefined
          ? html`<td></td>`
          : html`<td class="h${shade(value)}" title="${name}, ${TWO_DIGITS[used[column] ?? 0]}:00: ${decimal(value, 1)} %">${decimal(value, 0)}</td>`,
      )}</tr>
`
    })
    .reverse()}</tbody></table></div>`
}

/**
 * The last first.
 * @param label of it alone among the tables of a page
 * @param idOf where a link leads to a day
 */
export function daysTable({ days }: History, label = "Each day", idOf = (day: Day): string => day): Html {
  const today = days.at(-1)?.day
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
<table class="days"><caption>Least, mean and most</caption>
<thead><tr><th scope="col" rowspan="2" class="text">Day</th><th scope="colgroup" colspan="3">Temperature, °C</th>
<th scope="colgroup" colspan="3">Soil humidity, %</th><th scope="col" rowspan="2">Readings</th></tr>
<tr>${[0, 1].map(() => ["Least", "Mean", "Most"].map((name) => html`<th scope="col">${name}</th>`))}</tr></thead>
<tbody>${days
    .map(
      ({ day, statistics }) => html`<tr id="${idOf(day)}"><th scope="row">${weekday(day, today)}</th>${
        statistics ? numbersOf(statistics) : html`<td colspan="7" class="quiet nothing">no readings</td>`
      }</tr>
`,
    )
    .reverse()}</tbody></table></div>`
}

const numbersOf = ({ temperature, humidity, readings }: DayStatistics): Html =>
  html`${threeOf(temperature)}${threeOf(humidity)}<td>${readings.toLocaleString("en-GB")}</td>`

const threeOf = ({ min, mean, max }: Statistics): Html =>
  html`<td>${decimal(min)}</td><td class="mean">${decimal(mean, 1)}</td><td>${decimal(max)}</td>`

export function weeksTable({ looked }: History): Html {
  const weeks = weeksOf(looked)
  if (!weeks) return html`<p class="quiet">Two weeks of readings are compared here as soon as there are any.</p>`
  const [last, before] = weeks
  const row = (
    name: string,
    of: (week: Week) => number,
  ) => html`<tr><th scope="row">${name}</th><td>${decimal(of(before), 1)}</td>
<td>${decimal(of(last), 1)}</td><td>${difference(round(of(last)) - round(of(before)), 1)}</td></tr>`
  return html`<div class="scroll"><table class="weeks"><caption>Means of two weeks</caption>
<thead><tr><td></td><th scope="col">${weekText(before, last)}</th><th scope="col">${weekText(last, last)}</th>
<th scope="col">Difference</th></tr></thead>
<tbody>${row("Temperature, °C", ({ temperature }) => temperature)}
${row("Soil humidity, %", ({ humidity }) => humidity)}</tbody></table></div>`
}

const weekText = ({ from, to, days }: Week, last: Week): Html =>
  html`${briefSpan(from, to, last.to)}${days < WEEK && html`<br><small>${days} of ${WEEK} days</small>`}`

/** The difference is that of what is shown. */
const round = (value: number): number => Number(value.toFixed(1))

function weeksOfDays(days: readonly HistoryDay[]): HistoryDay[][] {
  const weeks: HistoryDay[][] = []
  for (let end = days.length; end > 0; end -= WEEK) weeks.unshift(days.slice(Math.max(0, end - WEEK), end))
  return weeks
}

function meanOf(days: readonly HistoryDay[], hour: number): number | undefined {
  const values = days.map(({ hours }) => hours[hour]).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** 0, the driest, to 7. */
function shadesOf(least: number, most: number): (value: number) => number {
  const range = Math.max(LEAST_RANGE, most - least)
  const from = (least + most - range) / 2
  return (value) => Math.max(0, Math.min(SHADES - 1, Math.floor(((value - from) / range) * SHADES)))
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)
const TWO_DIGITS = HOURS.map((hour) => String(hour).padStart(2, "0"))
