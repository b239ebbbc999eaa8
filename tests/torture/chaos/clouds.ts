// Two clouds of one store as a supervisor runs them, and what they list.
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pause, systemClock } from "../../../src/clock"
import type { Peer } from "../../../src/net/udp"

const SOURCE = resolve(import.meta.dir, "../../../src/main.ts")
const READY = "Waiting for the gateway"
/** What nobody should see for a server that is away. */
const SURPRISE = /^\s+at .*|.*(?:Uncaught|Unhandled|our fault).*/m
const STOP_WITHIN_MS = 10_000
const POLL_MS = 10
const PORT = 8001

export interface CloudOptions {
  readonly address: string
  readonly topology: string
  /** A module that puts a fault into the programme before it starts. */
  readonly fault: string | undefined
  /** Called with each line that it lists. */
  readonly onListed: (line: string) => void
  readonly onFailure: (failure: string) => void
}

/** One of them, started again whenever it is to be. */
export class CloudProcess {
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined
  #read: Promise<unknown> = Promise.resolve()
  #said = ""
  #isToEnd = true

  constructor(private readonly options: CloudOptions) {}

  get peer(): Peer {
    return { address: this.options.address, port: PORT }
  }

  start(): void {
    const { topology, fault, onFailure } = this.options
    const preload = fault === undefined ? [] : ["--preload", fault]
    this.#said = ""
    this.#isToEnd = false
    // should the tests be killed, it goes with them
    const child = Bun.spawn(
      [
        ...["setpriv", "--pdeathsig", "KILL", process.execPath, ...preload, SOURCE],
        ...["start", "cloud", "--topology", topology],
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, STATE_DIRECTORY: undefined } },
    )
    this.#child = child
    const ended = child.exited.then((exit) => {
      if (!this.#isToEnd)
        onFailure(`the cloud at ${this.options.address} ended with ${exit}: ${this.#said.slice(-1000)}`)
    })
    this.#read = Promise.all([this.#readListing(child.stdout), this.#readLog(child.stderr), ended])
  }

  /** Resolves when it takes connections, or has ended. */
  async ready(): Promise<void> {
    while (!this.#said.includes(READY) && this.#child?.exitCode === null) await pause(systemClock, POLL_MS)
  }

  async kill(): Promise<void> {
    this.#isToEnd = true
    this.#child?.kill("SIGKILL")
    await this.#read
  }

  /** In order, so that all is listed. */
  async stop(): Promise<void> {
    this.#isToEnd = true
    this.#child?.kill("SIGTERM")
    const insist = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_WITHIN_MS)
    await this.#read
    clearTimeout(insist)
    if (this.#child?.exitCode !== 0)
      this.options.onFailure(`the cloud did not stop in order: ${this.#said.slice(-1000)}`)
  }

  async #readListing(stdout: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of stdout) {
      const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) this.options.onListed(line)
    }
  }

  async #readLog(stderr: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stderr) this.#said += decoder.decode(chunk, { stream: true })
    const [surprise] = SURPRISE.exec(this.#said) ?? []
    if (surprise) this.options.onFailure(`the cloud at ${this.options.address} said: ${surprise}`)
  }
}

export function writeTopology(
  folder: string,
  { address, store, sites }: { address: string; store: string; sites: readonly string[] },
): string {
  const file = join(folder, `${address}.yaml`)
  const served = sites.map((site) => `    - { site: ${site}, from: 127.0.0.1/32 }\n`)
  writeFileSync(
    file,
    `
site: ${sites[0]}
timeZone: UTC
page: false
schedule: { cron: "0 12 * * *" }
gateway:
  interfaces:
    devices: { address: 10.1.0.1/24 }
    cloud: { address: 127.0.0.1/8 }
cloud:
  address: ${address}
  port: ${PORT}
  store: "${store}"
  sites:
${served.join("")}devices:
  - { ip: 10.1.0.2-10.1.0.5 }
`,
  )
  return file
}
