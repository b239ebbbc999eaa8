// The page of a small network and of a fleet: how soon it answers, what it sends, and what it costs those who acknowledge.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Random } from "../../../src/clock"
import { dayBefore } from "../../../src/survey/calendar"
import { type Figure, formatSpread, median } from "../figure"
import { runFleet } from "../load/fleet"
import { uploadOf } from "../load/surveys"
import { FIRST_DEVICE, fleetText, fleetTopology } from "../load/topology"
import { Peak } from "../peak"
import { type Script, startScript } from "../peers/servers"
import { readMemory } from "../process"
import { copySample, ROOT } from "../start/sample"
import { time } from "../start/start"
import { ownSource, shuffled } from "../uploads"
import { fillSpool, fillStore, lastDay } from "./fill"

export interface PageBenchOptions {
  /** In the fleet, and of each round of uploads. */
  readonly fleet: number
  readonly devices: number
  readonly window: number
  readonly random: Random
  readonly say: (text: string) => void
}

const DAYS = { days: 90, spoolDays: 11, storeDays: 2, deviceDays: 365 }
const FULL = 1_000_000
const LOOKS = 15
const LOOK_EVERY_MS = 50
const FIRST_LOOKS = 100 // of a fleet, from the first moment on: it is counted meanwhile
const READERS = 10
const ROUNDS = 5
const READINGS = 24
const MIB = 1024 * 1024
const ADDRESS = "127.0.0.1"
const DEVICE = "10.0.0.2"
const AIM = { smallMs: 5, fleetMs: 200, yearMs: 50, readings: 1_000_000, downloadMib: 100, kb: 60, slower: 1.5 }

export async function measurePage(options: PageBenchOptions): Promise<Figure[]> {
  return [
    ...(await inFolder((folder) => measureSmall(folder))),
    ...(await inFolder((folder) => measureFleetPage(folder, options))),
    ...(await inFolder((folder) => measureReaders(folder, options))),
  ]
}

async function inFolder<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bench-page-"))
  try {
    return await measure(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measureSmall(folder: string): Promise<Figure[]> {
  await copySample(folder)
  const file = join(folder, "topology.yaml")
  await Bun.write(file, `${await Bun.file(file).text()}\npage: { port: 0 }\n`)
  await time(["bun", join(ROOT, "src/main.ts"), "start", "--once"], folder)
  await using served = await serve(folder)
  const url = await served.ask("page")
  const looks: number[] = []
  for (let look = 0; look <= LOOKS; look++) {
    await served.ask("changed") // so that nothing is known before
    looks.push(await lookAt(url, "/"))
  }
  const kb = (await firstPageBytes(url)) / 1000
  return [
    { ...figure("`/` of 4 devices", median(looks.slice(1)), "ms"), ...aim(median(looks.slice(1)), AIM.smallMs, "ms") },
    { ...figure("the first page and its files, gzipped", kb, "kB"), ...aim(kb, AIM.kb, "kB") },
  ]
}

async function measureFleetPage(folder: string, { fleet, say }: PageBenchOptions): Promise<Figure[]> {
  const topology = fleetTopology(folder, fleet)
  await Bun.write(join(folder, "topology.yaml"), fleetText(fleet))
  fillSpool(topology, { ...DAYS, devices: fleet })
  fillStore(topology, { ...DAYS, devices: fleet })
  await using served = await serve(folder)
  const url = await served.ask("page")
  const startedAt = performance.now()
  const counted = fetch(`${url}/api/status`)
    .then((response) => response.bytes())
    .then(() => (performance.now() - startedAt) / 1000)
  const looks: number[] = []
  for (let look = 0; look < FIRST_LOOKS; look++) {
    looks.push(await lookAt(url, "/"))
    await Bun.sleep(LOOK_EVERY_MS)
  }
  say(`a fleet is counted within ${(await counted).toFixed(1)} s`)
  say(`its first page meanwhile: ${formatSpread(looks, "ms")}`)
  const years: number[] = []
  for (let look = 0; look <= LOOKS; look++) {
    await served.ask("changed")
    await (await fetch(`${url}/api/status`)).bytes() // what counts is not in the way
    years.push(await lookAt(url, `/devices/${DEVICE}?days=365`))
  }
  const year = median(years.slice(1))
  const most = Math.max(...looks)
  const { perSecond, mib } = await downloadDay(served, url)
  const isFull = fleet === FULL
  const name = `of ${fleet.toLocaleString("en")} devices`
  return [
    { ...figure(`\`/\` ${name}, the longest while they are counted`, most, "ms"), ...aim(most, AIM.fleetMs, "ms") },
    figure(`\`/\` ${name}, in the middle`, median(looks), "ms"),
    { ...figure(`a device's year from a store ${name}`, year, "ms"), ...aim(year, AIM.yearMs, "ms") },
    {
      ...figure(`a day ${name} as CSV, readings`, perSecond, "/s"),
      aim: `${AIM.readings.toLocaleString("en")} /s or more`,
      met: isFull ? perSecond >= AIM.readings : null,
    },
    { ...figure(`a day ${name} as CSV, memory for it`, mib, "MiB"), ...aim(mib, AIM.downloadMib, "MiB") },
  ]
}

async function downloadDay(served: Script, url: string) {
  const privateMib = async () => (await readMemory(served.pid)).privateDirty / MIB
  const before = await privateMib()
  using peak = new Peak(privateMib, 100)
  const startedAt = performance.now()
  const { body } = await fetch(`${url}/api/readings.csv?day=${lastDay()}`, {
    headers: { "Accept-Encoding": "identity" },
  })
  let lines = -1 // the head
  for await (const piece of body ?? new ReadableStream<Uint8Array>()) {
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++
  }
  const perSecond = (lines / (performance.now() - startedAt)) * 1000
  if (lines % READINGS !== 0 || lines === 0) throw new Error(`the day has ${lines} readings`)
  return { perSecond, mib: (await peak.look()) - before }
}

/** Uploads at half of the highest rate, by turns with and without ten who load pages as fast as they come. */
async function measureReaders(folder: string, { devices, window, random, say }: PageBenchOptions): Promise<Figure[]> {
  const all = (1 + 2 * ROUNDS + 1) * devices
  await Bun.write(join(folder, "topology.yaml"), fleetText(all))
  await using served = await serve(folder, "open")
  const url = await served.ask("page")
  await using readers = await startScript(join(import.meta.dir, "readers.ts"), ADDRESS, [new URL(url).port])
  const day = dayBefore(Date.now(), "UTC")
  const server = { ...served.address, address: fleetAddress(folder) }
  let first = FIRST_DEVICE
  const upload = async (rate?: number) => {
    const order = shuffled(first, devices, random)
    first += devices
    const requestOf = (device: number) => uploadOf(device, day)
    const load = { server, devices: order, requestOf, sourceOf: ownSource, window, random }
    const report = await runFleet(rate === undefined ? load : { ...load, rate })
    if (report.acknowledged.length !== devices) throw new Error(`${report.acknowledged.length} were acknowledged`)
    return report
  }
  await upload()
  const rate = ((devices / (await upload()).elapsedMs) * 1000) / 2
  const [alone, beside]: [number[], number[]] = [[], []]
  let pages = 0
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(percentile99((await upload(rate)).waitsMs))
    await readers.ask("go")
    beside.push(percentile99((await upload(rate)).waitsMs))
    pages = Number(await readers.ask("stop"))
  }
  say(`99th percentile at ${Math.round(rate)} uploads/s: ${formatSpread(alone, "ms")}, beside ${READERS} readers`)
  say(`${formatSpread(beside, "ms")}, ${pages} pages`)
  const [value, peer] = [median(beside), median(alone)]
  return [
    {
      figure: `acknowledgements beside ${READERS} readers, 99th percentile at half of the highest rate`,
      value,
      unit: "ms",
      peer: `without: ${peer.toFixed(1)} ms`,
      ratio: value / peer,
      aim: `${AIM.slower} × or less`,
      met: value <= AIM.slower * peer,
    },
  ]
}

const fleetAddress = (folder: string): string =>
  fleetTopology(folder, 1).gateway.interfaces.devices.address.ip.replace(/^\d+/, "127")

const serve = (folder: string, ...args: string[]): Promise<Script> =>
  startScript(join(import.meta.dir, "serve.ts"), ADDRESS, [folder, ...args])

/** Milliseconds until all of it has come. */
async function lookAt(url: string, path: string): Promise<number> {
  const startedAt = performance.now()
  const response = await fetch(url + path)
  await response.bytes()
  if (response.status !== 200) throw new Error(`${path} is ${response.status}`)
  return performance.now() - startedAt
}

/** As they travel: the page and what it names. */
async function firstPageBytes(url: string): Promise<number> {
  const load = (path: string) => fetch(url + path, { decompress: false, headers: { "Accept-Encoding": "gzip" } })
  const text = await (await fetch(url)).text()
  const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path)
  const sizes = ["/", ...paths].map(async (path) => (await (await load(path)).bytes()).length)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

function percentile99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}

const figure = (name: string, value: number, unit: string): Figure => ({
  ...{ figure: name, value, unit },
  ...{ peer: null, ratio: null, aim: null, met: null },
})

const aim = (value: number, most: number, unit: string) => ({ aim: `${most} ${unit} or less`, met: value <= most })
