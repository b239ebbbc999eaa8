import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TopologyFile } from "../../../src/commands/start/topology-file"
import type { Topology } from "../../../src/network"
import { changed, SAMPLE } from "../../topology/sample"
import { VirtualClock } from "../../virtual-clock"

const BASIL = "  - { ip: 192.168.1.6, name: basil }\n"

let folder: string
let path: string
let said: string[]
let heard: Topology[]
let file: TopologyFile

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-"))
  path = join(folder, "topology.yaml")
  said = []
  heard = []
  await writeFile(path, SAMPLE)
  const say = (level: string) => (text: string) => void said.push(`${level} ${text}`)
  file = await TopologyFile.open(path, { info: say("info"), warn: say("warn"), error: say("error") })
  file.follow((topology) => heard.push(topology))
})
afterEach(() => rm(folder, { recursive: true }))

const sizes = () => heard.map(({ devices }) => devices.size)

test("look() reads a file that has changed, once, and says what changed", async () => {
  const { size } = file.topology.devices
  await file.look()
  await writeFile(path, SAMPLE + BASIL)
  await file.look()
  await file.look()
  expect(said).toEqual([`info ${path}: + 192.168.1.6 basil`])
  expect(sizes()).toEqual([size + 1])
  expect(file.topology.devices.size).toBe(size + 1)
})

test("look() says once what is wrong, and the old one stays until the file is sound", async () => {
  const { size } = file.topology.devices
  await writeFile(path, `${SAMPLE}  - { ip: lemons }\n`)
  await file.look()
  await file.look()
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(/^error .* is not sound, the old one stays: .*:\d+:\d+ devices\[\d\]\.ip: [^\n]+$/)
  expect(sizes()).toEqual([])
  await rm(path)
  await file.look()
  expect(said[1]).toContain("is not there")
  await writeFile(path, SAMPLE + BASIL)
  await file.look()
  expect(sizes()).toEqual([size + 1])
})

test("apply() says again what is wrong, as before a run", async () => {
  await writeFile(path, `${SAMPLE}  - { ip: lemons }\n`)
  await file.look()
  await file.apply()
  expect(said).toHaveLength(2)
})

test("of several that read it at once each waits for the one before: what changed is said once", async () => {
  const { size } = file.topology.devices
  await writeFile(path, SAMPLE + BASIL)
  const told = await Promise.all([file.read(), file.read(), file.apply(), file.look()])
  expect(told.slice(0, 2)).toEqual([`${path}: + 192.168.1.6 basil`, `${path}: nothing changed`])
  expect(said).toEqual([`info ${path}: + 192.168.1.6 basil`])
  await writeFile(path, `${SAMPLE}  - { ip: lemons }\n`)
  await Promise.all([file.look(), file.look()])
  expect(said).toHaveLength(2)
  const refused = file.read()
  const looked = file.look()
  await expect(refused).rejects.toThrow("lemons")
  await looked
  await writeFile(path, SAMPLE)
  expect(await file.read()).toBe(`${path}: - 192.168.1.6 basil`)
  expect(file.topology.devices.size).toBe(size)
})

test("what changes before anybody follows is told to whoever does", async () => {
  const early = await TopologyFile.open(path, { info() {}, warn() {}, error() {} })
  await writeFile(path, SAMPLE + BASIL)
  await early.look()
  early.follow((topology) => heard.push(topology))
  expect(heard).toEqual([early.topology])
})

test("start() looks once a minute until stop()", async () => {
  const clock = new VirtualClock()
  let looks = 0
  file.look = async () => void looks++
  file.start(clock)
  await clock.advance(59_999)
  expect(looks).toBe(0)
  await clock.advance(120_001)
  expect(looks).toBe(3)
  file.stop()
  await clock.advance(600_000)
  expect(looks).toBe(3)
  expect(clock.pending).toBe(0)
})

describe("with a file of sites", () => {
  const WITH_SITES = changed(["  address: 10.10.10.2", "  address: 10.10.10.2\n  sites: sites.txt"])
  const names = () => file.topology.cloud.sites.map(({ site }) => site)
  const write = (...lines: readonly string[]) => writeFile(join(folder, "sites.txt"), lines.join("\n"))

  beforeEach(async () => {
    await write("greenhouse", "barn 10.0.0.1")
    await writeFile(path, WITH_SITES)
    await file.look()
    said = []
  })

  test("look() notices a change of that file alone: its sites come and go at once", async () => {
    await write("greenhouse", "farm-b 10.0.0.0/8")
    await file.look()
    await file.look()
    expect(said).toEqual([`info ${path}: - site barn`, `info ${path}: + site farm-b`])
    expect(names()).toEqual(["greenhouse", "farm-b"])
  })

  test("look() says once what is wrong with it, and the old sites stay until it is sound", async () => {
    await write("greenhouse", "barn 10.0.0.300")
    await file.look()
    await file.look()
    expect(said).toEqual([
      `error ${path} is not sound, the old one stays: ${folder}/sites.txt:2:6 from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0.300"`,
    ])
    expect(names()).toEqual(["greenhouse", "barn"])
    await write("greenhouse", "barn 10.0.0.30")
    await file.look()
    expect(said.slice(1)).toEqual([`info ${path}: ~ site barn`])
  })

  test("look() notices when one that was not there comes", async () => {
    await writeFile(path, WITH_SITES.replace("sites.txt", "other.txt"))
    await file.look()
    await file.look()
    expect(said).toHaveLength(1)
    expect(said[0]).toContain("other.txt is not there")
    await writeFile(join(folder, "other.txt"), "greenhouse\n")
    await file.look()
    expect(said.slice(1)).toEqual([`info ${path}: - site barn`])
    await writeFile(join(folder, "other.txt"), "greenhouse\nhill 10.0.0.9\n")
    await file.look()
    expect(names()).toEqual(["greenhouse", "hill"])
  })
})
