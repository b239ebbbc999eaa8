// The plot of a device's page: temperature and soil humidity on one clock, the value under the pointer beside it.
// Times are read off the text of their RFC 3339 timestamps: they are the device's own, wherever the reader is.
/* global uPlot */

const HEIGHT = 320 // CSS pixels
const TICK_WIDTH = 62 // that the text of a tick needs
const AXIS_WIDTH = 46

let plot // as it is drawn
let data // what it draws
let resized // who looks whether its room has changed
let aimed // the index that the cursor is being set to: a pixel may be several readings wide
let here // the index of the reading that is pointed at; undefined: none

const figure = () => document.querySelector("#plot")
const instant = (timestamp) => Date.parse(timestamp) / 1000
const dayOf = (timestamp) => timestamp.slice(0, 10)
const isReading = (index) => data.temperature[index] != null

const shortDay = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" })
const longDay = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "long", day: "numeric", month: "long" })
const dayText = (format, timestamp) => format.format(new Date(`${dayOf(timestamp)}T00:00Z`))
const number = (value) => String(value).replace("-", "−")

/** The offset too, on a day whose clock has changed. */
function timeText(timestamp) {
  const seconds = timestamp.slice(16, 19)
  const offset = timestamp.slice(19)
  const begun = data.ticks.findLast((tick) => dayOf(tick) === dayOf(timestamp) && tick.slice(11, 16) === "00:00")
  const changed = begun && begun.slice(19) !== offset
  return `${timestamp.slice(11, 16)}${seconds === ":00" ? "" : seconds}${changed ? ` (UTC${offset})` : ""}`
}

function say(index) {
  const timestamp = data.at[index]
  const text =
    timestamp === undefined
      ? ""
      : `${dayText(longDay, timestamp)}, ${timeText(timestamp)}: ${number(data.temperature[index])} °C, ${number(data.humidity[index])} %`
  const output = document.querySelector("#reading")
  if (output.textContent !== text) output.textContent = text
}

/** Of ticks as many as there is room for, at moments that people count by. */
function splits(_, __, from, to) {
  const most = Math.max(2, plotWidth() / TICK_WIDTH)
  const ticks = data.ticks.filter((tick) => instant(tick) >= from && instant(tick) <= to)
  const isOneDay = dayOf(data.ticks[0]) === dayOf(data.ticks[1])
  const hour = (every) => (tick) => Number(tick.slice(11, 13)) % every === 0
  const weekday = (tick) => new Date(dayOf(tick)).getUTCDay()
  const date =
    (...dates) =>
    (tick) =>
      dates.includes(tick.slice(8, 10))
  const month = (every) => (tick) => date("01")(tick) && (Number(tick.slice(5, 7)) - 1) % every === 0
  const odd = (tick) => Math.round(Date.parse(dayOf(tick)) / 86_400_000) % 2 === 0
  const steps = isOneDay
    ? [hour(1), hour(2), hour(3), hour(6), hour(12)]
    : [() => true, odd, (tick) => weekday(tick) === 1, date("01", "15"), month(1), month(2), month(3), month(6)]
  const chosen = steps.map((step) => ticks.filter(step)).find((some) => some.length <= most)
  return (chosen ?? ticks.slice(0, 1)).map(instant)
}

function tickTexts(_, values) {
  const isOneDay = dayOf(data.ticks[0]) === dayOf(data.ticks[1])
  const timestamps = new Map(data.ticks.map((tick) => [instant(tick), tick]))
  return values.map((value) => {
    const tick = timestamps.get(value)
    return isOneDay ? tick.slice(11, 16) : dayText(shortDay, tick)
  })
}

const plotWidth = () => figure().clientWidth - 2 * AXIS_WIDTH

function options(ready) {
  const style = getComputedStyle(document.documentElement)
  const color = (name) => style.getPropertyValue(`--${name}`).trim()
  const font = `12px ${getComputedStyle(document.body).fontFamily}`
  const isSparse = data.at.length * 6 < plotWidth()
  const isDense = data.at.length > plotWidth()
  const line = { width: isDense ? 1 : 2, points: { show: isSparse || undefined, size: 6 } }
  const axis = { font, grid: { stroke: color("line"), width: 1 }, ticks: { show: false } }
  return {
    width: figure().clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [12, 0, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 9 },
      dataIdx: (_, __, index) => aimed ?? nearest(index),
    },
    scales: {
      x: { time: false, range: () => [instant(data.ticks[0]), instant(data.ticks.at(-1))] },
      temperature: { range: rangeOf(data.temperature, "temperature", -90, 90) },
      humidity: { range: rangeOf(data.humidity, "humidity", 0, 100) },
    },
    axes: [
      { ...axis, stroke: color("quiet"), size: 30, splits, values: tickTexts },
      {
        ...axis,
        scale: "temperature",
        stroke: color("temperature"),
        size: AXIS_WIDTH,
        values: (_, values) => values.map((value) => `${number(value)}°`),
      },
      {
        ...axis,
        scale: "humidity",
        side: 1,
        stroke: color("humidity"),
        size: AXIS_WIDTH,
        grid: { show: false },
        values: (_, values) => values.map((value) => `${value}%`),
      },
    ],
    series: [
      {},
      { ...line, scale: "temperature", stroke: color("temperature") + (isDense ? "99" : "") },
      { ...line, scale: "humidity", stroke: color("humidity"), dash: [7, 3], fill: `${color("humidity")}14` },
    ],
    hooks: { setCursor: [pointed], ready: [ready], draw: [(drawn) => drawThresholds(drawn, color)] },
  }
}

/** A dotted line each, with its words: of the temperature on the left, of the humidity on the right. */
function drawThresholds({ ctx, bbox, valToPos }, color) {
  const pixel = devicePixelRatio
  const height = 12 * pixel
  const lines = data.thresholds.map((threshold) => ({
    ...threshold,
    y: Math.round(valToPos(threshold.value, threshold.of, true)) + 0.5, // within a row of pixels
  }))
  ctx.save()
  ctx.font = `${height}px ${getComputedStyle(document.body).fontFamily}`
  ctx.textBaseline = "bottom"
  ctx.lineWidth = pixel
  ctx.setLineDash([2 * pixel, 4 * pixel])
  for (const { of, y } of lines) {
    ctx.strokeStyle = color(of)
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
  }
  for (const { of, y, text } of lines) {
    const { width } = ctx.measureText(text)
    const left = of === "temperature" ? bbox.left + 4 * pixel : bbox.left + bbox.width - width - 4 * pixel
    ctx.fillStyle = color("ground") // what is drawn behind the words does not run into them
    ctx.fillRect(left, y - height - 3 * pixel, width, height + 2 * pixel)
    ctx.fillStyle = color(of)
    ctx.fillText(text, left, y - pixel)
  }
  ctx.restore()
}

/** With some air, and never so near that the noise of a sensor looks like weather. */
function rangeOf(values, of, least, most) {
  const lines = data.thresholds.filter((threshold) => threshold.of === of).map(({ value }) => value)
  const known = values.concat(lines).filter((value) => value !== null)
  const [low, high] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [most, least])
  const air = Math.max((high - low) * 0.1, (8 - (high - low)) / 2)
  return [Math.max(least, low - air), Math.min(most, high + air)]
}

/** The reading next to a gap, where there is none at the index itself. */
function nearest(index) {
  for (let away = 0; away < data.at.length; away++) {
    if (isReading(index - away)) return index - away
    if (isReading(index + away)) return index + away
  }
  return index
}

function pointed({ cursor }) {
  if (cursor.left < 0 || cursor.idx == null) {
    here = undefined
    say(nearest(data.at.length - 1))
    return
  }
  here = aimed ?? nearest(cursor.idx)
  say(here)
}

function goTo(index) {
  aimed = index
  plot.setCursor({ left: plot.valToPos(plot.data[0][index], "x"), top: 0 })
  aimed = undefined
}

/** From reading to reading, as in a list. */
function pressed(event) {
  const places = data.at.map((_, index) => index).filter(isReading)
  const place = places.indexOf(here)
  const next = {
    ArrowLeft: place < 0 ? places.length - 1 : place - 1,
    ArrowRight: place < 0 ? places.length - 1 : place + 1,
    Home: 0,
    End: places.length - 1,
  }[event.key]
  if (next === undefined || event.ctrlKey || event.altKey || event.metaKey) return
  event.preventDefault()
  goTo(places[Math.max(0, Math.min(places.length - 1, next))])
}

/** A finger takes the cursor along; where it leaves, the cursor stays. */
function touched(event) {
  if (event.pointerType === "mouse") return
  plot.setCursor({ left: event.clientX - plot.over.getBoundingClientRect().left, top: 0 })
}

/** Anew, with the cursor at the reading of this timestamp, if it is there. */
function redraw(timestamp = data.at[here]) {
  plot?.destroy()
  const { temperature, humidity, at } = data
  const index = at.indexOf(timestamp)
  const ready = () => index >= 0 && goTo(index) // sooner it has no scales
  plot = new uPlot(options(ready), [at.map(instant), temperature, humidity], figure())
  plot.over.addEventListener("pointerdown", touched)
  plot.over.addEventListener("pointermove", touched)
}

async function draw() {
  resized?.disconnect()
  const drawn = figure()
  if (!drawn) return
  const answer = await fetch(drawn.dataset.series)
  if (!answer.ok) return
  const series = await answer.json()
  if (drawn !== figure()) return // there is something newer
  const before = data?.at[here]
  data = series
  redraw(before)
  drawn.addEventListener("keydown", pressed)
  resized = new ResizeObserver(() => {
    if (plot.width !== drawn.clientWidth) redraw()
  })
  resized.observe(drawn)
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && redraw())
document.addEventListener("renewed", draw)
draw()
