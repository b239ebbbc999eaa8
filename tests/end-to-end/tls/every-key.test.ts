// A running network in which every key is made, changed, lost and brought back: no reading is lost, and whoever refuses names the
// command that mends it.
import { expect, test } from "bun:test"
import { mkdirSync, readdirSync, renameSync } from "node:fs"
import { type HostName, ThreeHosts } from "./three-hosts"

const IPS = ["192.168.1.2", "192.168.1.3"] as const
const DEVICE_FILES = IPS.map((ip) => `${ip}.key`)

async function printed(hosts: ThreeHosts, host: HostName, ...words: readonly string[]): Promise<string> {
  const { stdout, stderr, exit } = await hosts.run(host, "pair", ...words)
  if (exit !== 0) throw new Error(`pair ${words.join(" ")}: ${stderr}`)
  return stdout
}

/** The host does not start, and its one line says this. */
async function expectNoStart(hosts: ThreeHosts, host: HostName, command: string): Promise<void> {
  const { exit, stderr } = await hosts.run(host, "start", host, "--loopback", "--once", "--quiet")
  expect({ host, exit, lines: stderr.trimEnd().split("\n").length }).toEqual({ host, exit: 2, lines: 1 })
  expect(stderr).toContain(command)
}

test("no reading is lost while every key is made, changed, lost and brought back, and each refusal names the command", async () => {
  await using hosts = await ThreeHosts.make()
  await hosts.day()

  // both legs get keys, each host its own
  await hosts.name(await printed(hosts, "gateway", "cloud"))
  hosts.carry("gateway", "cloud", "cloud.key", "cloud.crt")
  hosts.lose("gateway", "keys/cloud.key", "keys/cloud.crt")
  await hosts.restart("cloud", "gateway")
  await hosts.day()
  await printed(hosts, "gateway", "devices")
  await hosts.day("192.168.1.3 has a key, and without it nothing is taken: bun run pair 192.168.1.3", async () =>
    hosts.carry("gateway", "sensors", ...DEVICE_FILES),
  )

  // one device's key is made anew, then lost
  await printed(hosts, "gateway", "192.168.1.2", "--new")
  await hosts.day("bun run pair 192.168.1.2 where the gateway is shows the key that holds", async () =>
    hosts.carry("gateway", "sensors", "192.168.1.2.key"),
  )
  hosts.lose("sensors", "keys/192.168.1.3.key")
  await hosts.day("192.168.1.3 has a key, and without it nothing is taken: bun run pair 192.168.1.3", async () => {
    await printed(hosts, "gateway", "192.168.1.3")
    hosts.carry("gateway", "sensors", "192.168.1.3.key")
  })

  // each end's key of the other leg: changed without a gap, changed with one, lost
  await hosts.run("gateway", "backup", "backups", "--with-keys")
  const [backup = ""] = readdirSync(hosts.pathOf("gateway", "backups"))
  for (const end of ["gateway", "cloud"] as const) {
    const both = await printed(hosts, end, end, "--new")
    await hosts.day() // the one of before is shown
    await hosts.name(both)
    await hosts.restart("cloud", "gateway")
    await hosts.day()
    await hosts.name(both, { last: true })
    await hosts.restart("cloud", "gateway")
    await hosts.day()

    hosts.lose(end, `keys/${end}.key`, `keys/${end}.crt`)
    await hosts.day() // what runs has it still
    await hosts.stop(end)
    await expectNoStart(hosts, end, `bun run pair ${end} --new`)
    const next = await printed(hosts, end, end, "--new")
    await expectNoStart(hosts, end, "does not name: bun run pair cloud prints what to name")
    await hosts.name(next, { last: true })
    await hosts.restart(end)
    await hosts.day("is not named here: bun run pair cloud prints it there", () => hosts.restart("cloud", "gateway"))
  }

  // the site's secret is lost, and comes back from a backup
  await hosts.stop("gateway")
  hosts.lose("gateway", "keys/site.secret")
  await expectNoStart(hosts, "gateway", "bring it back from a backup")
  renameSync(
    hosts.pathOf("gateway", "backups", backup, "keys/site.secret"),
    hosts.pathOf("gateway", "keys/site.secret"),
  )
  await hosts.restart("gateway")
  await hosts.day()

  // it is lost for good, and all devices' keys with it
  hosts.lose("gateway", "keys/site.secret", "keys/devices")
  await hosts.day() // what runs has them still
  await hosts.restart("gateway")
  await printed(hosts, "gateway", "devices")
  await hosts.day("bun run pair 192.168.1.2 where the gateway is shows the key that holds", async () =>
    hosts.carry("gateway", "sensors", ...DEVICE_FILES),
  )

  // its spool is lost, and comes back as it was before most of this
  await hosts.stop("gateway")
  hosts.lose("gateway", "data")
  mkdirSync(hosts.pathOf("gateway", "data"))
  renameSync(hosts.pathOf("gateway", "backups", backup, "gateway.db"), hosts.pathOf("gateway", "data/gateway.db"))
  await hosts.restart("gateway")
  await hosts.day()
}, 120_000)
