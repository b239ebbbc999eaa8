// Hosts as network namespaces and the bridges between them (ip-netns(8)); nothing here touches this machine's network.
import { existsSync } from "node:fs"

/** Runs a program of the system with a text on its standard input; resolves with what it printed, throws what it said. */
export async function system(command: readonly string[], input = ""): Promise<string> {
  const child = Bun.spawn([...command], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" })
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (exit !== 0) throw new Error(`${command.join(" ")} exits with ${exit}: ${stderr || stdout}\n${input}`)
  return stdout
}

const PREFIX = "sm"
let made = 0

/** A name that no other namespace of this machine has. */
const uniqueName = (label: string) => `${PREFIX}${process.pid}-${++made}-${label}`

let swept: Promise<void> | undefined

/** Removes, once, what test runs that were killed have left: namespaces named after a process that is gone. */
export function sweepNamespaces(): Promise<void> {
  swept ??= sweep()
  return swept
}

async function sweep(): Promise<void> {
  for (const { name } of JSON.parse((await system(["ip", "-j", "netns", "list"])) || "[]") as { name: string }[]) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-\\d+-`).exec(name) ?? []
    // one that is dead and not yet buried has no programme any more
    if (pid !== undefined && !existsSync(`/proc/${pid}/exe`)) await system(["ip", "netns", "delete", name])
  }
}

export class Namespace implements AsyncDisposable {
  private constructor(readonly name: string) {}

  static async make(label: string): Promise<Namespace> {
    const namespace = new Namespace(uniqueName(label))
    await system(["ip", "netns", "add", namespace.name])
    await namespace.ip("link set lo up")
    return namespace
  }

  /** The command line that runs a command in here; the process that it starts is the command's own. */
  command(...command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...command]
  }

  /** Carries out lines of ip(8) in here. */
  async ip(...lines: readonly string[]): Promise<void> {
    await system(["ip", "-n", this.name, "-batch", "-"], lines.map((line) => `${line}\n`).join(""))
  }

  /** Sets kernel parameters of this namespace, as `net/ipv4/ip_forward`. */
  async tune(parameters: Readonly<Record<string, number>>): Promise<void> {
    const lines = Object.entries(parameters).map(([name, value]) => `echo ${value} > /proc/sys/${name}`)
    await system(this.command("sh", "-e"), lines.join("\n"))
  }

  /** Its processes have ended before: a namespace lives as long as they do. */
  async [Symbol.asyncDispose](): Promise<void> {
    await system(["ip", "netns", "delete", this.name])
  }
}

const BRIDGE = "br0"

/** An Ethernet of its own; it can lose frames on their way and cut a host off. */
export class Bridge implements AsyncDisposable {
  #ports = 0

  private constructor(readonly namespace: Namespace) {}

  /** The interface that sees every frame, the lost ones too. */
  readonly device = BRIDGE

  static async make(label: string): Promise<Bridge> {
    const namespace = await Namespace.make(label)
    await namespace.ip(
      `link add name ${BRIDGE} type bridge stp_state 0 mcast_snooping 0`,
      `link set ${BRIDGE} addrgenmode none`,
      `link set ${BRIDGE} up`,
    )
    return new Bridge(namespace)
  }

  /** Plugs a host in, with its interface of this name; returns the port, for `cut()`. */
  async connect(host: Namespace, device: string): Promise<string> {
    const port = `port${++this.#ports}`
    const ends = `name ${device} netns ${host.name} type veth peer name ${port} netns ${this.namespace.name}`
    await system(["ip", "link", "add", ...ends.split(" ")])
    await host.ip(`link set ${device} addrgenmode none`, `link set ${device} up`)
    await host.tune({ [`net/ipv4/neigh/${device}/retrans_time_ms`]: ARP_AGAIN_MS })
    await this.namespace.ip(
      `link set ${port} addrgenmode none`,
      `link set ${port} master ${BRIDGE}`,
      `link set ${port} up`,
    )
    return port
  }

  /** Loses this share of all frames from now on, each way, ARP among them. */
  async lose(percent: number): Promise<void> {
    const which = percent < 100 ? `numgen random mod 100 < ${percent}` : ""
    const rules = [
      "table bridge loss", // there must be one for it to be deleted
      "delete table bridge loss",
      `table bridge loss { chain passing { type filter hook forward priority 0; ${which} counter drop; }; }`,
    ]
    await system(this.namespace.command("nft", "-f", "-"), rules.join("\n"))
  }

  /** Frames that were lost since `lose()`. */
  async lost(): Promise<number> {
    const rules = await system(this.namespace.command("nft", "list", "ruleset"))
    return Number(/counter packets (\d+)/.exec(rules)?.[1] ?? 0)
  }

  /** Pulls the plug of a port, until `mend()`. */
  cut(port: string): Promise<void> {
    return this.namespace.ip(`link set ${port} down`)
  }

  mend(port: string): Promise<void> {
    return this.namespace.ip(`link set ${port} up`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.namespace[Symbol.asyncDispose]()
  }
}

// a second by default, three times: a lossy Ethernet would spend most of a test's time asking who has an address
const ARP_AGAIN_MS = 100
