// What each role costs on a host of its own: how long until it is ready, and its memory and processor while it waits.
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Figure, formatNumber, formatSpread, median } from "../figure"
import { freePort, freeTcpPort } from "../peers/servers"
import { type Idler, type Memory, startIdler } from "../process"
import { copySample, ROOT } from "./sample"

const WARM_UPS = 1 // makes the databases
const RUNS = 9
const SETTLE_MS = 26_000 // Bun's collector is busy with the start for half a minute; a year is what comes behind it
const IDLE_MS = 8000
const AIM = { startMs: 150, privateMb: 32, cpuPercent: 0.2 }
const MB = 1e6

interface Contender {
  readonly name: string
  readonly command: string[]
  readonly folder: string
  readonly starts: number[]
}

/** What one contender does in its sleep. */
interface Rest {
  readonly memory: Memory
  readonly cpuPercent: number
}

const READY = /Next upload|Waiting for the gateway/
const EMPTY = 'process.stderr.write("Next upload"); setInterval(() => {}, 2 ** 30)'

/** @param say is told the spreads */
export async function measureRoles(say: (text: string) => void): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-idle-"))
  try {
    const contenders = await prepare(folder)
    for (let run = -WARM_UPS; run < RUNS; run++) await startOnce(contenders, run >= 0)
    const [empty, ...roles] = contenders
    if (!empty) return []
    for (const { name, starts } of contenders) say(`${name}, start: ${formatSpread(starts, "ms")}`)
    const starts = roles.map((role) => startFigure(role, empty))
    if (process.platform !== "linux") {
      say("memory and processor of an idle role are left out: they are read from Linux's /proc")
      return starts
    }
    const rests = await rest(contenders)
    for (const [index, { memory }] of rests.entries()) {
      const { privateDirty, privateClean } = memory
      const clean = `and ${formatNumber(privateClean / MB)} MB of files that it alone maps`
      say(`${contenders[index]?.name}, idle: ${formatNumber(privateDirty / MB)} MB private ${clean}`)
    }
    const [emptyRest, ...roleRests] = rests
    const figures = roleRests.map((roleRest, index) => restFigures(roles[index]?.name ?? "", roleRest, emptyRest))
    return [...starts, ...figures.flat()]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** An empty Bun, three roles that find each other, and the whole network in one process. */
async function prepare(folder: string): Promise<Contender[]> {
  const apart = join(folder, "apart")
  const whole = join(folder, "whole")
  for (const each of [apart, whole]) await mkdir(each)
  await copySample(apart, { gateway: await freePort(), cloud: freeTcpPort() })
  await copySample(whole)
  const role = (name: string, words: string[], folder: string): Contender => ({
    name,
    command: ["bun", join(ROOT, "src/main.ts"), "start", ...words],
    folder,
    starts: [],
  })
  return [
    { name: "an empty Bun", command: ["bun", "-e", EMPTY], folder, starts: [] },
    role("cloud", ["cloud", "--loopback"], apart),
    role("gateway", ["gateway", "--loopback"], apart),
    role("device", ["device", "192.168.1.2", "--loopback"], apart),
    role("whole network", [], whole),
  ]
}

async function startAll(contenders: readonly Contender[], stack: AsyncDisposableStack): Promise<Idler[]> {
  const idlers: Idler[] = []
  for (const { command, folder } of contenders) idlers.push(stack.use(await startIdler(command, folder, READY)))
  return idlers
}

async function startOnce(contenders: readonly Contender[], counts: boolean): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const idlers = await startAll(contenders, stack)
  if (counts) for (const [index, { readyMs }] of idlers.entries()) contenders[index]?.starts.push(readyMs)
}

/** All at the same time: they wait, so none is in another's way. */
async function rest(contenders: readonly Contender[]): Promise<Rest[]> {
  await using stack = new AsyncDisposableStack()
  const idlers = await startAll(contenders, stack)
  await Bun.sleep(SETTLE_MS)
  const before = idlers.map((idler) => ({ at: performance.now(), cpuMs: idler.cpuMs() }))
  await Bun.sleep(IDLE_MS)
  const after = idlers.map((idler) => ({ at: performance.now(), cpuMs: idler.cpuMs() }))
  const memories = await Promise.all(idlers.map((idler) => idler.memory()))
  return memories.map((memory, index) => {
    const [from, to] = [before[index], after[index]]
    return { memory, cpuPercent: from && to ? (100 * (to.cpuMs - from.cpuMs)) / (to.at - from.at) : Number.NaN }
  })
}

function startFigure({ name, starts }: Contender, empty: Contender): Figure {
  const value = median(starts)
  const peerValue = median(empty.starts)
  return {
    figure: `${name}: start`,
    value,
    unit: "ms",
    peer: `empty Bun: ${Math.round(peerValue)} ms`,
    ratio: value / peerValue,
    aim: `${AIM.startMs} ms or less`,
    met: value <= AIM.startMs,
  }
}

function restFigures(name: string, { memory, cpuPercent }: Rest, empty: Rest | undefined): Figure[] {
  // not the clean pages: whether another Bun runs decides whose they are
  const privateMb = memory.privateDirty / MB
  const emptyMb = empty && empty.memory.privateDirty / MB
  return [
    {
      figure: `${name}: private memory, idle`,
      value: privateMb,
      unit: "MB",
      peer: emptyMb === undefined ? null : `empty Bun: ${formatNumber(emptyMb)} MB`,
      ratio: emptyMb === undefined ? null : privateMb / emptyMb,
      aim: `${AIM.privateMb} MB or less`,
      met: privateMb <= AIM.privateMb,
    },
    {
      figure: `${name}: processor, idle`,
      value: cpuPercent,
      unit: "%",
      peer: empty ? `empty Bun: ${formatNumber(empty.cpuPercent)} %` : null,
      ratio: null,
      aim: `${AIM.cpuPercent} % or less`,
      met: cpuPercent <= AIM.cpuPercent,
    },
  ]
}
