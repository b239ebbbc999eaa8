// `bun run backup` as a person types it: beside a network that runs, and after it.
import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { chmod } from "node:fs/promises"
import { join } from "node:path"
import { Network } from "../../../src/network"
import { parseAddress } from "../../../src/topology/address"
import { Site } from "../../end-to-end/fixture"
import { inNamespace, missingMount } from "../../torture/disk/bounded"
import { isRoot, MAIN, mayNobodyRun, NOBODY, runAs, runCommand } from "../command"

const STAMP = /^\d{4}-\d\d-\d\dT\d{6}Z$/
const WHOLE = ["backup.json", "cloud.db", "gateway.db", "topology.yaml"]

let site: Site
beforeEach(async () => {
  site = await Site.collected()
})
afterEach(() => site[Symbol.asyncDispose]())

const backup = (...args: readonly string[]) => runCommand(site.folder, "backup", "backups", ...args)
const backups = () => readdirSync(join(site.folder, "backups")).sort()
const inside = (name: string, file = "") => join(site.folder, "backups", name, file)

/** The one that was made last. */
function latest(file = ""): string {
  return inside(backups().at(-1) ?? "", file)
}

function query<Row>(file: string, sql: string): Row[] {
  using sqlite = new Database(file, { readonly: true })
  return sqlite.query<Row, []>(sql).all()
}

const isSound = (file: string) => query<{ integrity_check: string }>(file, "PRAGMA integrity_check")

describe("backup", () => {
  test("copies spool, store and topology.yaml into a folder of that time, sound and whole, with their modes", async () => {
    await chmod(site.topology.file, 0o640)
    await chmod(site.topology.gateway.spool, 0o600)
    const { stdout, stderr, exit } = await backup()
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 0 })
    const [name = "", ...more] = backups()
    expect(name).toMatch(STAMP)
    expect(more).toEqual([])
    expect(stderr).toMatch(
      new RegExp(`✔ backups/${name}: gateway.db \\d+ KB, cloud.db \\d+ KB, topology.yaml \\d+ B\\n$`),
    )
    expect(readdirSync(inside(name)).sort()).toEqual(WHOLE)
    for (const file of ["gateway.db", "cloud.db"]) {
      expect(isSound(latest(file))).toEqual([{ integrity_check: "ok" }])
    }
    expect(query(latest("cloud.db"), "SELECT * FROM readings")).toHaveLength(8)
    expect(readFileSync(latest("topology.yaml"))).toEqual(readFileSync(site.topology.file))
    const modeOf = (path: string) => statSync(path).mode & 0o777
    const { gateway, cloud } = site.topology
    expect([latest("topology.yaml"), latest("gateway.db"), latest("cloud.db"), latest()].map(modeOf)).toEqual([
      0o640,
      0o600,
      modeOf(cloud.store),
      0o700,
    ])
    expect(modeOf(gateway.spool)).toBe(0o600)
  })

  test("copies the file of sites too, where it stands beside topology.yaml", async () => {
    const yaml = readFileSync(site.topology.file, "utf8")
    await site.write("cloud/sites.txt", "greenhouse\nbarn 10.0.0.7\n")
    writeFileSync(site.topology.file, yaml.replace("10.10.10.2,", "10.10.10.2, sites: cloud/sites.txt,"))
    expect((await backup()).exit).toBe(0)
    expect((await backup("--keep", "1")).exit).toBe(0)
    expect(backups()).toHaveLength(1)
    expect(readdirSync(latest(), { recursive: true }).sort()).toEqual([...WHOLE, "cloud", "cloud/sites.txt"].sort())
    expect(readFileSync(latest("cloud/sites.txt"), "utf8")).toContain("barn 10.0.0.7")
  })

  test("on a host with only a gateway, or only a cloud, copies what is there", async () => {
    const { gateway, cloud } = site.topology
    for (const [gone, there] of [
      [cloud.store, "gateway.db"],
      [gateway.spool, "cloud.db"],
    ] as const) {
      const kept = readFileSync(gone)
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${gone}${suffix}`, { force: true })
      expect(await backup()).toMatchObject({ exit: 0 })
      expect(readdirSync(latest()).sort()).toEqual(["backup.json", there, "topology.yaml"])
      writeFileSync(gone, kept)
    }
  })

  test("where there is neither is one clear line, exit 2, and makes no folder", async () => {
    rmSync(join(site.folder, "data"), { recursive: true })
    const { stderr, exit } = await backup()
    expect(stderr).toMatch(/^Neither .*gateway\.db nor .*cloud\.db is there: nothing was collected here so far\n$/)
    expect([exit, existsSync(join(site.folder, "backups"))]).toEqual([2, false])
  })

  test.each([
    [["backup"], "Name one folder: bun run backup backups"],
    [["backup", "a", "b"], "Name one folder: bun run backup backups"],
    [["backup", "a", "--keep", "0"], "--keep is how many backups stay, such as 7: it is 0"],
    [["backup", "topology.yaml"], "The folder topology.yaml cannot be made: a file of that name is there"],
  ])("%p is one clear line, exit 2", async (args, message) => {
    const { stderr, exit } = await runCommand(site.folder, ...args)
    expect([stderr, exit]).toEqual([`${message}\n`, 2])
  })

  test("a database that is none is named, exit 2, and nothing is left of the backup", async () => {
    const { store } = site.topology.cloud
    for (const suffix of ["-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true })
    writeFileSync(store, "nonsense ".repeat(1000))
    const { stderr, exit } = await backup()
    expect(stderr).toContain(`${store} is not a SQLite database`)
    expect([exit, backups()]).toEqual([2, []])
  })
})

describe.skipIf(isRoot && !mayNobodyRun())("backup by somebody else", () => {
  const backupByAnother = () => runAs(NOBODY, site.folder, "backup", "backups")

  beforeEach(async () => {
    await chmod(site.folder, 0o755)
    mkdirSync(join(site.folder, "backups"))
    await chmod(join(site.folder, "backups"), 0o777)
  })

  test("leaves out no database that he may not see: one clear line, exit 2", async () => {
    const data = join(site.folder, "data")
    mkdirSync(join(data, "cloud"))
    const yaml = await Bun.file(site.topology.file).text()
    await Bun.write(site.topology.file, yaml.replace("cloud: { address: 10.10.10.2", "$&, store: data/cloud/cloud.db"))
    await chmod(data, 0o755)
    await chmod(site.topology.gateway.spool, 0o644)
    await chmod(join(data, "cloud"), 0)
    const { stderr, exit } = await backupByAnother()
    expect(stderr).toMatch(/cloud\.db may not be read: ask as the user who owns it, or as a member of its group\n$/)
    expect([exit, backups()]).toEqual([2, []])
    const readings = await runAs(NOBODY, site.folder, "readings", "--device", "somebody")
    expect(readings).toMatchObject({ exit: 2, stderr: expect.stringContaining("cloud.db may not be read") })
  })

  test("copies files that are read-only", async () => {
    for (const file of [site.topology.file, site.topology.gateway.spool, site.topology.cloud.store]) {
      await chmod(file, 0o444)
    }
    await chmod(join(site.folder, "data"), 0o755)
    expect(await backupByAnother()).toMatchObject({ exit: 0 })
    expect(backups()).toHaveLength(1)
  })
})

describe("backup beside a gateway under load", () => {
  /** A device that uploads one reading after the other, each when the one before was acknowledged. */
  async function upload(ip: string, port: number, stopped: () => boolean, acknowledged: (time: string) => void) {
    let heard = Promise.withResolvers<string>()
    const socket = await Bun.udpSocket({
      hostname: ip.replace(/^\d+/, "127"),
      connect: { hostname: "127.168.1.1", port },
      socket: { data: (_socket, bytes) => heard.resolve(bytes.toString()) },
    })
    for (let second = 0; !stopped(); second++) {
      const time = new Date(second * 1000).toISOString().slice(11, 19)
      heard = Promise.withResolvers()
      socket.send(`${ip} ${time} - 20 - 30%`)
      expect(await heard.promise).toContain("arrived")
      acknowledged(time)
    }
    socket.close()
  }

  test("holds whatever was acknowledged before it began; uploads go on, and nobody is alarmed", async () => {
    await site[Symbol.asyncDispose]()
    const ips = Array.from({ length: 16 }, (_, index) => `192.168.1.${index + 2}`)
    site = await Site.make({ devices: ips.map((ip) => `{ ip: ${ip} }`) })
    await using network = await Network.start(site.topology, site.options)
    const known: { ip: string; time: string }[] = []
    let isOver = false
    const uploading = ips.map((ip) =>
      upload(
        ip,
        network.ports.gateway,
        () => isOver,
        (time) => known.push({ ip, time }),
      ),
    )
    let before = 0
    for (let round = 0; round < 3; round++) {
      before = known.length
      expect(await backup()).toMatchObject({ exit: 0 })
      expect(known.length).toBeGreaterThan(before)
      expect(isSound(latest("gateway.db"))).toEqual([{ integrity_check: "ok" }])
      const rows = query<{ address: number; body: string }>(latest("gateway.db"), "SELECT address, body FROM surveys")
      const bodies = new Map(rows.map(({ address, body }) => [address, body]))
      const lost = known.slice(0, before).filter(({ ip, time }) => {
        const written = time.endsWith(":00") ? time.slice(0, 5) : time
        return !bodies.get(parseAddress(ip) ?? 0)?.includes(`${written} - `)
      })
      expect(lost).toEqual([])
    }
    isOver = true
    await Promise.all(uploading)
    expect(before).toBeGreaterThan(ips.length)
    expect(site.logged.filter((line) => /^(fatal|error|warn)/.test(line))).toEqual([])
  })
})

describe("backup --keep", () => {
  test("removes all but the newest of its own, and never anything else", async () => {
    const foreign = ["2020-01-01T000000Z", "2020-01-02T000000Z.part", "notes", "2020-01-03T000000Z"]
    for (const name of foreign) mkdirSync(inside(name), { recursive: true })
    writeFileSync(inside("2020-01-01T000000Z", "gateway.db"), "a person's own copy")
    await backup()
    const [ours = ""] = backups().filter((name) => !foreign.includes(name))
    writeFileSync(inside(ours, "note.txt"), "before the storm") // a person wants to keep that one
    await backup()
    const { stderr } = await backup("--keep", "2")
    expect(stderr).not.toContain("Removed")
    const [, second = ""] = backups().filter((name) => !foreign.includes(name))
    expect((await backup("--keep", "2")).stderr).toContain(`  Removed: backups/${second}\n`)
    expect(backups().filter((name) => !foreign.includes(name))).toHaveLength(3)
    expect(backups()).toEqual(expect.arrayContaining([...foreign, ours]))
    expect(readdirSync(inside(ours)).sort()).toEqual([...WHOLE, "note.txt"].sort())
  })

  test("does not count another host's backups in the same folder", async () => {
    await backup()
    const [ofBoth = ""] = backups()
    const { store } = site.topology.cloud
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true })
    await backup("--keep", "1")
    await backup("--keep", "1")
    expect(backups()).toHaveLength(2)
    expect(backups()).toContain(ofBoth)
  })
})

describe.skipIf(missingMount() !== undefined)("backup to a full disk", () => {
  const ON_SMALL_DISK = `
    mount -t tmpfs -o size="$1" tmpfs "$2"
    cd "$3"; shift 3
    "$@" && exit=0 || exit=$?
    echo "left: $(ls -A backups)"
    exit $exit`

  // it ends within the list, the first database, the second
  test.each(["4k", "96k", "256k"])("of %s is one clear line, exit 1, and nothing is left of it", (size) => {
    mkdirSync(join(site.folder, "backups"))
    const command = [process.execPath, MAIN, "backup", "backups", "--keep", "7"]
    const small = inNamespace(ON_SMALL_DISK, size, join(site.folder, "backups"), site.folder, ...command)
    const { stdout, stderr, exitCode } = Bun.spawnSync(small)
    expect(stderr.toString().trimEnd().split("\n")).toEqual([
      expect.stringContaining("✖ No backup was made, and nothing is left of it: the disk of backups is full"),
    ])
    expect([stdout.toString(), exitCode]).toEqual(["left: \n", 1])
  })
})

describe("backup --with-keys", () => {
  const secret = "-----BEGIN PRIVATE KEY-----"
  const keys = () => join(site.folder, "keys")

  test("copies keys/ for its owner alone; without it no backup has a key", async () => {
    expect((await runCommand(site.folder, "pair", "cloud")).exit).toBe(0)
    expect((await backup()).exit).toBe(0)
    const plain = latest()
    expect(readdirSync(plain).sort()).toEqual(WHOLE)
    for (const name of WHOLE) expect(readFileSync(join(plain, name), "latin1")).not.toContain(secret)

    const { stderr, exit } = await backup("--with-keys")
    expect(exit).toBe(0)
    expect(stderr).toContain(", keys 4 files\n")
    expect(stderr).not.toContain(secret)
    expect(readdirSync(latest("keys")).sort()).toEqual(readdirSync(keys()).sort())
    for (const name of readdirSync(keys())) {
      expect(readFileSync(latest(`keys/${name}`))).toEqual(readFileSync(join(keys(), name)))
      expect(statSync(latest(`keys/${name}`)).mode & 0o777).toBe(0o600)
    }
    expect(statSync(latest("keys")).mode & 0o777).toBe(0o700)
  })

  test("--keep removes older ones of its own series alone: those with keys, whichever these were", async () => {
    await runCommand(site.folder, "pair", "cloud")
    await backup()
    await backup("--with-keys")
    await runCommand(site.folder, "pair", "192.168.1.2")
    const [plain = ""] = backups()
    const { stderr } = await backup("--with-keys", "--keep", "1")
    expect(stderr.match(/Removed/g)).toHaveLength(1)
    expect(backups()).toHaveLength(2)
    expect(backups()[0]).toBe(plain)
  })

  test("says so where there are no keys", async () => {
    const { stderr, exit } = await backup("--with-keys")
    expect({ stderr, exit }).toEqual({ stderr: `There is no ${keys()} here: leave --with-keys away\n`, exit: 2 })
    expect(existsSync(join(site.folder, "backups"))).toBe(false)
  })
})
