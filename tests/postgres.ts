// A PostgreSQL server of one's own, in a folder that goes with it: on a socket there, and on TCP where that is wanted.
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SQL } from "bun"

const VERSIONS = "/usr/lib/postgresql" // where Debian keeps them, off the path
const USER = "meter"
const IN_MEMORY = "/dev/shm"
const PORT = 5432
const WITHIN_MS = 20_000

/** For a test with a server, on a machine that has much to do. */
export const PATIENCE_MS = 60_000
const LOOK_MS = 20

const folderOfPrograms = (): string | undefined => {
  try {
    const versions = readdirSync(VERSIONS).sort((a, b) => Number(a) - Number(b))
    return join(VERSIONS, versions.at(-1) ?? "", "bin")
  } catch {
    return undefined
  }
}

const PROGRAMS = folderOfPrograms()

/** Why there is none to be had; undefined where there is. */
export const missingPostgres = PROGRAMS === undefined ? "PostgreSQL is not installed" : undefined

/** It does not run as root. */
const AS_ITS_USER =
  process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
export const postgresUser =
  AS_ITS_USER.length > 0 ? Number(Bun.spawnSync(["id", "-u", "postgres"]).stdout.toString()) : undefined

export interface ServerOptions {
  /** Another folder for its data, such as a small disk. */
  readonly data?: string
  /** What is committed need not outlive the machine. */
  readonly isInMemory?: boolean
  /** An address for TCP, beside the socket; the port is a free one unless told. */
  readonly listen?: string
  readonly port?: number
  readonly settings?: Readonly<Record<string, string>>
  /** A role that has to give its password; the others are trusted. */
  readonly asksPasswordOf?: string
  /** Words before its command, as `ip netns exec`. */
  readonly within?: readonly string[]
}

export class PostgresServer implements AsyncDisposable {
  readonly folder: string
  /** Of the socket's name too. */
  readonly port: number
  readonly #data: string
  #child: Bun.Subprocess | undefined
  #schemas = 0

  private constructor(private readonly options: ServerOptions) {
    const parent = options.isInMemory && existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir()
    this.folder = mkdtempSync(join(parent, "pg-"))
    this.#data = options.data ?? join(this.folder, "data")
    this.port = options.port ?? (options.listen === undefined ? PORT : freePort(options.listen))
  }

  static async start(options: ServerOptions = {}): Promise<PostgresServer> {
    const server = new PostgresServer(options)
    if (postgresUser !== undefined) chownSync(server.folder, postgresUser, postgresUser)
    const made = Bun.spawnSync([
      ...AS_ITS_USER,
      ...[`${PROGRAMS}/initdb`, "-D", server.#data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    ])
    if (!made.success) throw new Error(`initdb: ${made.stderr}`)
    const { asksPasswordOf } = options
    if (asksPasswordOf) {
      const file = join(server.#data, "pg_hba.conf")
      writeFileSync(file, `local all ${asksPasswordOf} scram-sha-256\n${readFileSync(file, "utf8")}`)
    }
    await server.begin()
    return server
  }

  /** Of its first process. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** It may have been ended with a test that took too long. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Of all its processes. */
  get pids(): number[] {
    const children = Bun.spawnSync(["pgrep", "-P", String(this.pid)]).stdout.toString()
    return [this.pid, ...children.split("\n").filter(Boolean).map(Number)]
  }

  /** Whether it runs no more: stopped, or for a reason of its own. */
  get hasEnded(): boolean {
    return this.#child?.exitCode !== null || this.#child.signalCode !== null
  }

  /** Starts it, once more after it was stopped. Resolves when it answers. */
  async begin(): Promise<void> {
    const { listen = "", settings = {}, within = [] } = this.options
    const all = {
      listen_addresses: listen,
      port: String(this.port),
      unix_socket_directories: this.folder,
      ...settings,
    }
    const words = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    // should the tests be killed, it goes with them; on SIGINT it ends at once
    const dies = ["setpriv", "--pdeathsig", "INT"]
    this.#child = Bun.spawn([...within, ...AS_ITS_USER, ...dies, `${PROGRAMS}/postgres`, "-D", this.#data, ...words], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(join(this.folder, "log")),
    })
    const until = performance.now() + WITHIN_MS
    while (!(await this.answers())) {
      if (performance.now() > until || this.#child.exitCode !== null) throw new Error(`PostgreSQL: ${this.log()}`)
      await Bun.sleep(LOOK_MS)
    }
    // expect(…).rejects turns the event loop itself, and a child that lives on has it wait for seconds
    this.#child.unref()
  }

  async answers(): Promise<boolean> {
    const ready = Bun.spawn([`${PROGRAMS}/pg_isready`, "-q", "-h", this.folder, "-p", String(this.port), "-t", "1"])
    return (await ready.exited) === 0
  }

  /** smart waits for all who are connected, fast ends their transactions, immediate is a crash. */
  async stop(mode: "smart" | "fast" | "immediate" = "fast"): Promise<void> {
    const signal = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const
    this.#child?.ref()
    this.#child?.kill(signal[mode])
    await this.#child?.exited
  }

  log(): string {
    return readFileSync(join(this.folder, "log"), "utf8")
  }

  /** @param parameters as `search_path=trial` */
  url(parameters = "", database = "postgres"): string {
    return `postgres://${USER}@/${database}?host=${encodeURIComponent(this.folder)}&port=${this.port}${parameters && `&${parameters}`}`
  }

  /** Of a schema of its own, which is empty. */
  async emptyUrl(): Promise<string> {
    const name = `trial${++this.#schemas}`
    await this.run(`CREATE SCHEMA ${name}`)
    return this.url(`search_path=${name}`)
  }

  /** Statements in a session of their own. */
  async run(sql: string, url = this.url()): Promise<Record<string, unknown>[]> {
    const session = new SQL({ url, max: 1 })
    try {
      return await session.unsafe(sql)
    } finally {
      await session.close()
    }
  }

  /** A command of psql's own, or SQL. */
  async psql(command: string): Promise<string> {
    const words = ["-h", this.folder, "-p", String(this.port), "-U", USER, "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
    const child = Bun.spawn([`${PROGRAMS}/psql`, "-qAt", ...words, "-c", command], { stderr: "pipe" })
    const [told, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    if ((await child.exited) !== 0) throw new Error(`psql: ${said}`)
    return told
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("immediate")
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** It may be another one's a moment later, which nothing here does. */
function freePort(hostname: string): number {
  const listener = Bun.listen({ hostname, port: 0, socket: { data() {} } })
  listener.stop(true)
  return listener.port
}

let shared: Promise<PostgresServer> | undefined

/** One for all tests of a process, each of which has schemas of its own; it ends with the process. */
export async function sharedPostgres(): Promise<PostgresServer> {
  const server = await (shared ??= startShared())
  if (server.isRunning) return server
  shared = undefined
  return sharedPostgres()
}

async function startShared(): Promise<PostgresServer> {
  const server = await PostgresServer.start({ isInMemory: true })
  process.once("exit", () => {
    if (server.isRunning) process.kill(server.pid, "SIGQUIT")
    rmSync(server.folder, { recursive: true, force: true })
  })
  return server
}
