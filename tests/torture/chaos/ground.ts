// Where it takes place: the server on a small disk of its own and in a network of its own, where this machine lets us, and a
// plain folder and its socket where not. It is called within the clouds' namespace (see suite.ts).
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Bridge, Namespace, sweepNamespaces, system } from "../../hosts/namespaces"
import { PostgresServer, postgresUser } from "../../postgres"

const [CLOUDS, SERVER] = ["10.200.0.1", "10.200.0.2"]
const DEVICE = "eth0"
const DISK_MIB = 512
const WAL = { max_wal_size: "64MB", min_wal_size: "32MB" }

/** What is more than a server: what root can do to it. */
export interface Surroundings {
  /** In which the clouds and this process are, in a mount namespace of their own. */
  readonly clouds: string
  readonly server: string
}

export class Ground implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly server: PostgresServer,
    /** As the clouds reach it. */
    readonly url: string,
    private readonly surroundings: Surroundings | undefined,
  ) {}

  static async make(
    surroundings: Surroundings | undefined,
    settings: Readonly<Record<string, string>>,
  ): Promise<Ground> {
    const folder = mkdtempSync(join(tmpdir(), "chaos-"))
    if (!surroundings) {
      const server = await PostgresServer.start({ settings: { ...WAL, ...settings } })
      return new Ground(folder, server, server.url(), undefined)
    }
    await system(["mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", folder])
    const rules = join(folder, "pg_hba.conf")
    writeFileSync(rules, `local all all trust\nhost all all ${CLOUDS}/32 trust\n`)
    const data = join(folder, "data")
    if (postgresUser !== undefined) chownSync(folder, postgresUser, postgresUser)
    const server = await PostgresServer.start({
      data,
      listen: SERVER,
      port: 5432,
      settings: { ...WAL, hba_file: rules, ...settings },
      within: ["ip", "netns", "exec", surroundings.server],
    })
    return new Ground(folder, server, `postgres://meter@${SERVER}/postgres`, surroundings)
  }

  /** Whether its network can be cut, and its disk be filled. */
  get isOfItsOwn(): boolean {
    return this.surroundings !== undefined
  }

  /** Pulls the plug, until `join()`. */
  async cutLink(): Promise<void> {
    await this.#link("down")
  }

  async mendLink(): Promise<void> {
    await this.#link("up")
  }

  /** Drops every packet each way, until `passPackets()`. */
  async dropPackets(): Promise<void> {
    const chain = (hook: string) => `chain ${hook} { type filter hook ${hook} priority 0; meta l4proto tcp drop; };`
    await this.#nft(`table inet cut { ${chain("input")} ${chain("output")} }`)
  }

  async passPackets(): Promise<void> {
    await this.#nft("delete table inet cut")
  }

  /** Takes all that is left of the server's disk. */
  async fillDisk(): Promise<void> {
    const child = Bun.spawn(["head", "-c", `${DISK_MIB}M`, "/dev/zero"], {
      stdout: Bun.file(this.#filler),
      stderr: "ignore",
    })
    await child.exited
  }

  freeDisk(): void {
    rmSync(this.#filler)
  }

  get #filler(): string {
    return join(this.folder, "filler")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    if (this.surroundings) await system(["umount", "-l", this.folder])
    rmSync(this.folder, { recursive: true, force: true })
  }

  #link(state: "up" | "down"): Promise<string> {
    return system(["ip", "-n", this.surroundings?.server ?? "", "link", "set", DEVICE, state])
  }

  #nft(rules: string): Promise<string> {
    return system(["ip", "netns", "exec", this.surroundings?.server ?? "", "nft", "-f", "-"], `${rules}\n`)
  }
}

/** Why this machine lends us no networks and no disks; undefined where it does. */
export const missingSurroundings = (): string | undefined => {
  const words = ["ip", "nft", "mount", "unshare"].find((program) => Bun.which(program) === null)
  if (words !== undefined) return `${words} is not installed`
  return Bun.spawnSync(["unshare", "--net", "--mount", "true"]).success ? undefined : "that takes root"
}

/** Two hosts and an Ethernet between them; resolves with what is called there, and removes them behind it. */
export async function withSurroundings<T>(work: (surroundings: Surroundings) => Promise<T>): Promise<T> {
  await sweepNamespaces()
  await using bridge = await Bridge.make("chaos")
  await using clouds = await Namespace.make("clouds")
  await using server = await Namespace.make("server")
  for (const [host, address] of [
    [clouds, CLOUDS],
    [server, SERVER],
  ] as const) {
    await bridge.connect(host, DEVICE)
    await host.ip(`addr add ${address}/24 dev ${DEVICE}`)
  }
  return await work({ clouds: clouds.name, server: server.name })
}
