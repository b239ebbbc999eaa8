// Who and what is refused on real hosts: strangers, a second writer, a simulation's database, an address that is not there.
import { expect, test } from "bun:test"
import { rm } from "node:fs/promises"
import type { StrangerStatus } from "../../src/gateway/report/status"
import type { StatusDocument } from "../../src/status/document"
import { describeHosts } from "./describe"
import type { Host } from "./host"
import { Hosts } from "./hosts"
import { spooledSurveys } from "./records"
import type { Ended } from "./running"

const LIMIT_MS = 30_000
const STRANGER = "192.168.1.9"
/** As long as the longest answer, which is cut to the length of what it answers. */
const READINGS = "08:00 - 20 - 30%\n".repeat(4)
/** What a role says last before it waits for its work. */
const READY = /Next upload|Waiting for the gateway/

describeHosts("a role on its host", () => {
  test.concurrent(
    "refuses whoever is not declared or speaks for another, and status names them with the line to paste",
    async () => {
      await using hosts = await Hosts.make({ declared: { "schedule.grace": "3s" } })
      const [own = "", other = ""] = hosts.addresses
      const stranger = await hosts.join(STRANGER)
      const device = hosts.device(own)
      const gateway = hosts.gateway.start("gateway")
      await gateway.says("Next upload")
      const speak = async (host: Host, from: string, ...words: string[]) =>
        (await host.script("speak.ts", from, "192.168.1.1", "10005", ...words)).stdout.trim()

      const undeclared = `${STRANGER} is not a declared device`
      const foreign = (from: string) => `${from} may not speak for ${other}`
      expect(await speak(stranger, STRANGER, "coap", "surveys", READINGS)).toBe(`4.03 ${undeclared}`)
      expect(await speak(stranger, STRANGER, "coap", `surveys/${STRANGER}`, READINGS)).toBe(`4.03 ${undeclared}`)
      expect(await speak(stranger, STRANGER, "coap", `surveys/${other}`, READINGS)).toBe(`4.03 ${foreign(STRANGER)}`)
      expect(await speak(device, own, "coap", `surveys/${other}`, READINGS)).toBe(`4.03 ${foreign(own)}`)
      expect(await speak(device, own, "text", `${other} ${READINGS}`)).toBe(foreign(own))
      await gateway.says(`{ ip: ${STRANGER} }`)
      const takeIn = `- { ip: ${STRANGER} }`
      const named = [
        { sender: STRANGER, address: STRANGER, reason: undeclared, tries: 2 },
        { sender: STRANGER, address: other, reason: foreign(STRANGER), tries: 1 },
        { sender: own, address: other, reason: foreign(own), tries: 2, line: null },
      ]
      const strangers = await written(hosts.gateway, 5)
      expect(strangers).toHaveLength(named.length)
      for (const one of named) expect(strangers).toContainEqual(expect.objectContaining(one))
      const lines = strangers.filter(({ sender }) => sender === STRANGER).map(({ line }) => line)
      expect(lines.filter((line) => line !== null)).toEqual([takeIn]) // it is to be added once
      expect(spooledSurveys(hosts)).toEqual([])
    },
    LIMIT_MS,
  )

  test.concurrent(
    "names the process that holds its spool or its store, exit 2",
    async () => {
      await using hosts = await Hosts.make()
      const roles = [
        { host: hosts.gateway, role: "gateway", file: "gateway.db" },
        { host: hosts.cloud, role: "cloud", file: "cloud.db" },
      ]
      for (const { host, role, file } of roles) {
        const holder = host.start(role)
        await holder.says(READY)
        const line = `${host.state}/${file} is in use by process ${holder.pid}: stop that one first`
        expectOneLine(await host.start(role, "--quiet").ended, line)
        expectOneLine(await host.start(role, "--once", "--quiet").ended, line)
        expect(await holder.stop()).toMatchObject({ exit: 0 })
      }
    },
    LIMIT_MS,
  )

  test.concurrent.each(["gateway", "cloud"] as const)(
    "keeps a trial's data and the farm's apart: %s",
    async (role) => {
      await using hosts = await Hosts.make()
      const host = hosts[role]
      const make = async (...words: string[]) => {
        const running = host.start(role, ...words)
        await running.says(READY)
        await running.stop()
      }
      await make("--loopback")
      expectOneLine(await host.start(role, "--quiet").ended, "holds the readings of a simulated network")
      await rm(host.state, { recursive: true })
      await make()
      expectOneLine(await host.start(role, "--loopback", "--quiet").ended, "holds the readings of a real network")
      // the whole network on one host is a simulation too
      expectOneLine(await host.start("--once", "--quiet").ended, "holds the readings of a real network")
    },
    LIMIT_MS,
  )

  test.concurrent.each(["gateway", "cloud", "device"] as const)(
    "waits for an address that is not there yet, or names with --once those that are: %s",
    async (role) => {
      await using hosts = await Hosts.make()
      const { host, words, interfaceName, address, others } = PLACES[role](hosts)
      await host.namespace.ip(`address delete ${address}/24 dev ${interfaceName}`)
      const refusal = `${address} is not an address of this machine, which has ${["127.0.0.1", ...others].join(", ")}`
      expectOneLine(await host.start(...words, "--once", "--quiet").ended, refusal)
      const running = host.start(...words)
      await running.says(`Waiting for its address: ${refusal}`)
      await host.namespace.ip(`address add ${address}/24 dev ${interfaceName}`)
      await running.says(READY)
      expect(await running.stop()).toMatchObject({ exit: 0 })
    },
    LIMIT_MS,
  )
})

/** Each role on its host, an address that it needs there, and the other addresses of that host. */
const PLACES = {
  gateway: ({ gateway: host }: Hosts) => ({
    host,
    words: ["gateway"],
    interfaceName: "eth1",
    address: "10.10.10.1",
    others: ["192.168.1.1"],
  }),
  cloud: ({ cloud: host }: Hosts) => ({
    host,
    words: ["cloud"],
    interfaceName: "eth0",
    address: "10.10.10.2",
    others: [],
  }),
  device: (hosts: Hosts) => {
    const [ip = ""] = hosts.addresses
    return { host: hosts.device(ip), words: ["device", ip], interfaceName: "eth0", address: ip, others: [] }
  },
}

/** Ended as what a person can mend: exit 2 and one line, which says this. */
function expectOneLine({ exit, stdout, stderr }: Ended, said: string): void {
  expect({ exit, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ exit: 2, stdout: "", lines: 1 })
  expect(stderr).toContain(said)
}

/** The strangers that `status` names, as soon as there are so many: the gateway writes them once a second. */
async function written(host: Host, tries: number): Promise<readonly StrangerStatus[]> {
  for (;;) {
    const { stdout } = await host.run("status", "--json")
    const { gateway } = JSON.parse(stdout) as StatusDocument
    const strangers = gateway?.strangers ?? []
    if (strangers.reduce((sum, stranger) => sum + stranger.tries, 0) >= tries) return strangers
  }
}
