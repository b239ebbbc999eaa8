// A page's answers over HTTP, of a store of its own, without the thread.
import { resolve } from "node:path"
import { answer } from "../../../src/page/routes"
import { Views } from "../../../src/page/views"
import type { Day } from "../../../src/survey/calendar"
import { parseTopology } from "../../../src/topology/yaml/load"
import { Bench, DAY, MORNING, SITE, SPOOL, TIME_ZONE, TOMATOES } from "../../cloud/fixtures"
import { SAMPLE } from "../../topology/sample"

const DEVICES = `devices:
  - { ip: 192.168.1.2, name: tomatoes }
  - { ip: 192.168.1.3, name: herbs }
`

export interface Site {
  readonly devices?: string
  readonly site?: string
  readonly spool?: string
  /** Another file in the place of the store that is there. */
  readonly store?: string
  /** What the gateway of the process has counted. */
  readonly counts?: Readonly<Record<string, number>>
}

export class PageBench implements Disposable {
  readonly bench = new Bench()
  readonly views: Views
  readonly #server

  constructor({ devices = DEVICES, site = SITE, spool = "nothing.db", store = "cloud.db", counts }: Site = {}) {
    const declared = SAMPLE.replace(/devices:\n( {2}- .*\n)+$/, devices).replace("greenhouse", site)
    const topology = parseTopology(declared, "topology.yaml")
    const { folder } = this.bench
    this.views = new Views(
      {
        ...topology,
        gateway: { ...topology.gateway, spool: resolve(folder, spool) },
        cloud: { ...topology.cloud, store: resolve(folder, store) },
      },
      { ask: () => this.views.counted(counts) },
    )
    this.#server = Bun.serve({
      ...{ hostname: "127.0.0.1", port: 0 },
      fetch: (request, server) => answer(request, this.views, server),
    })
  }

  get port(): number {
    return this.#server.port ?? 0
  }

  /** Uncompressed, unless asked. */
  get(
    path: string,
    { headers, ...init }: BunFetchRequestInit & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      ...init,
      headers: { "Accept-Encoding": "identity", ...headers },
    })
  }

  /** "404 barn is not a site of this store, which has farm" */
  async said(path: string): Promise<string> {
    const response = await this.get(path)
    return `${response.status} ${await response.text()}`
  }

  async rows<Row = Record<string, unknown>>(path: string): Promise<Row[]> {
    const response = await this.get(path)
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Row[]
  }

  async describe(site: string, ...devices: { ip: string; name?: string }[]): Promise<void> {
    await this.bench.store.describeSite(site, { timeZone: TIME_ZONE, spool: SPOOL, devices })
  }

  /** Of the site that the topology declares. */
  put(text = MORNING, address = TOMATOES, day: Day = DAY): Promise<unknown> {
    return this.bench.put(text, 1, address, day)
  }

  [Symbol.dispose](): void {
    this.#server.stop(true)
    this.bench[Symbol.dispose]()
  }
}

/** A reading every second of a day of 25 hours, and so on: as many as are asked for. */
export const secondly = (readings: number): string =>
  Array.from({ length: readings }, (_, at) => {
    const [hour, minute, second] = [at / 3600, (at / 60) % 60, at % 60].map((part) =>
      `${Math.floor(part)}`.padStart(2, "0"),
    )
    return `${hour}:${minute}:${second} - ${(at % 4000) / 100} - ${at % 101}%\n`
  }).join("")
