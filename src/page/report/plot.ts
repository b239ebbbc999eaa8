// The plot of a report: an SVG that needs no script. It is as wide as its place, and its text stays as large as the page's.
import type { Day } from "../../survey/calendar"
import type { Series } from "../device/series"
import { briefDay, decimal } from "../device/texts"
import { type Html, html } from "../markup/html"

const HEIGHT = 220 // CSS pixels, of what the lines are drawn in
const ABOVE = 12
const BELOW = 24
const AXIS_WIDTH = 44
const ACROSS = 1000 // units of the lines' own, stretched to the width that there is
const INTERVALS = 4 // of both axes, which share their grid
const STEPS = [2, 5, 10, 20, 25, 50]
const MOST_DOTS = 150 // of more readings the lines alone tell
const MOST_TICKS = { wide: 14, narrow: 4 }

interface Axis {
  readonly least: number
  readonly step: number
}

type Values = readonly (number | null)[]

/** @param series with a reading at least, and with more than one tick */
export function plotOf({ ticks, at, temperature, humidity, thresholds }: Series): Html {
  const [from = 0, to = 1] = [ticks.at(0), ticks.at(-1)].map((tick) => Date.parse(tick ?? ""))
  const across = (timestamp: string): number => (Date.parse(timestamp) - from) / (to - from)
  const lines = (of: string) => thresholds.flatMap((threshold) => (threshold.of === of ? [threshold.value] : []))
  const axes = {
    temperature: axisOf([...temperature, ...lines("temperature")], -100, 100),
    humidity: axisOf([...humidity, ...lines("humidity")], 0, 100),
  }
  const places = at.map(across)
  const heights = Array.from({ length: INTERVALS + 1 }, (_, interval) => ({
    interval,
    y: ABOVE + HEIGHT * (1 - interval / INTERVALS),
  }))
  const axis = ({ least, step }: Axis, unit: string, x: number, name: string) =>
    html`<svg class="${name}" width="${AXIS_WIDTH}" height="${ABOVE + HEIGHT + BELOW}">${heights.map(
      ({ interval, y }) => html`<text x="${x}" y="${y + 4}">${decimal(least + interval * step)}${unit}</text>`,
    )}</svg>`
  return html`<div class="plot" role="img" aria-label="Temperature and soil humidity, whose numbers are in the table below">
${axis(axes.temperature, "°", AXIS_WIDTH - 6, "temperature")}
<svg class="lines" height="${ABOVE + HEIGHT + BELOW}">
${heights.map(({ y }) => html`<line class="grid" x2="100%" y1="${y}" y2="${y}"/>`)}
${ticksOf(ticks).map(({ tick, text, isNarrowToo }) => {
  const x = html`${(across(tick) * 100).toFixed(2)}%`
  return html`<g${!isNarrowToo && WIDE}><line class="grid" x1="${x}" x2="${x}" y1="${ABOVE}" y2="${ABOVE + HEIGHT}"/>
<text x="${x}" y="${ABOVE + HEIGHT + 18}">${text}</text></g>`
})}
<svg y="${ABOVE}" width="100%" height="${HEIGHT}" viewBox="0 0 ${ACROSS} ${HEIGHT}" preserveAspectRatio="none">
${linesOf("humidity", humidity, places, axes.humidity)}
${linesOf("temperature", temperature, places, axes.temperature)}
</svg>
${thresholds.map((threshold) => thresholdLine(threshold, axes[threshold.of]))}
</svg>
${axis(axes.humidity, "%", 6, "humidity")}
</div>`
}

const WIDE = html` class="wide"`

/** A dotted line with its words: of the temperature on the left, of the humidity on the right. */
function thresholdLine({ of, value, text }: Series["thresholds"][number], { least, step }: Axis): Html {
  const y = (ABOVE + HEIGHT * (1 - (value - least) / (INTERVALS * step))).toFixed(1)
  return html`<g class="threshold ${of}"><line x2="100%" y1="${y}" y2="${y}"/>
<text x="${of === "temperature" ? "0%" : "100%"}" y="${y}" dy="-4">${text}</text></g>`
}

/** The finest steps that hold all values, at round numbers, and within bounds where these hold them. */
function axisOf(values: Values, least: number, most: number): Axis {
  const known = values.filter((value) => value !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  for (const step of STEPS) {
    const base = Math.max(least, Math.min(Math.floor(low / step) * step, most - INTERVALS * step))
    if (high <= base + INTERVALS * step) return { least: base, step }
  }
  return { least, step: (most - least) / INTERVALS }
}

/** A line from reading to reading, which a day without any interrupts; dots where there are few, and where one is alone. */
function linesOf(name: string, values: Values, places: readonly number[], { least, step }: Axis): Html {
  let line = ""
  let dots = ""
  values.forEach((value, index) => {
    if (value === null) return
    const x = ((places[index] ?? 0) * ACROSS).toFixed(1)
    const y = (HEIGHT * (1 - (value - least) / (INTERVALS * step))).toFixed(1)
    const [before, next] = [values[index - 1] ?? null, values[index + 1] ?? null]
    line += `${before === null ? "M" : "L"}${x} ${y}`
    if (values.length <= MOST_DOTS || (before === null && next === null)) dots += `M${x} ${y}h0`
  })
  return html`<path class="${name}" d="${line}"/>${dots !== "" && html`<path class="${name} dots" d="${dots}"/>`}`
}

/** The beginnings of days, of a single one of hours: as many as there is room for, on a narrow screen every so many of them. */
function ticksOf(ticks: readonly string[]): { tick: string; text: string; isNarrowToo: boolean }[] {
  const begun = ticks.slice(0, -1)
  const isOneDay = begun[0]?.slice(0, 10) === begun.at(-1)?.slice(0, 10)
  const wide = Math.ceil(begun.length / MOST_TICKS.wide)
  const shown = begun.filter((_, index) => index % wide === 0)
  const narrow = Math.ceil(shown.length / MOST_TICKS.narrow)
  return shown.map((tick, index) => ({
    tick,
    text: isOneDay ? tick.slice(11, 16) : briefDay(tick.slice(0, 10) as Day),
    isNarrowToo: index % narrow === 0,
  }))
}
