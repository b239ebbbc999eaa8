// A store with a topology beside it, and the pages that are made of them, without a server.
import { join } from "node:path"
import { answerDevice, type DeviceAnswer } from "../../../src/page/device/device"
import { answer } from "../../../src/page/routes"
import { Views } from "../../../src/page/views"
import type { Day } from "../../../src/survey/calendar"
import { loadTopology } from "../../../src/topology/yaml/load"
import { Bench, deliveryOf, SITE, TIME_ZONE, TOMATOES } from "../../cloud/fixtures"

export { DAY, HERBS, MORNING, SITE, TOMATOES } from "../../cloud/fixtures"

const DEVICES = ["{ ip: 192.168.1.2, name: tomatoes }", "{ ip: 192.168.1.3, name: herbs }"]

export interface FarmOptions {
  /** Entries of topology.yaml. */
  readonly devices?: readonly string[]
  readonly store?: string
  readonly site?: string
  /** The gateway's, with the devices' network. */
  readonly gateway?: string
  /** The section of topology.yaml. */
  readonly alerts?: string
}

export class Farm implements Disposable {
  private constructor(
    readonly bench: Bench,
    readonly views: Views,
  ) {}

  static async make({
    devices = DEVICES,
    store = "cloud.db",
    site = SITE,
    gateway = "192.168.1.1/24",
    alerts = "{}",
  }: FarmOptions = {}): Promise<Farm> {
    const bench = new Bench()
    const file = join(bench.folder, "topology.yaml")
    await Bun.write(
      file,
      `
site: ${site}
timeZone: ${TIME_ZONE}
alerts: ${alerts}
schedule: { cron: "0 6 * * *" }
gateway: { interfaces: { devices: { address: ${gateway}, port: 0 }, cloud: { address: 10.10.10.1/24 } } }
cloud: { address: 10.10.10.2, port: 0, store: ${store} }
devices:
${devices.map((device) => `  - ${device}\n`).join("")}`,
    )
    return new Farm(bench, new Views(await loadTopology(file, {})))
  }

  /** As a gateway delivers it. */
  async put(day: Day, body: string, { address = TOMATOES, zone = TIME_ZONE, site = SITE } = {}): Promise<void> {
    if (!(await this.bench.store.site(site))) await this.bench.describeSite(site)
    await this.bench.store.deliver(site, deliveryOf(body, { day, address, zone, revision: 1 }))
  }

  /** As when a run has ended. */
  changed(): void {
    this.views.update(this.views.topology)
  }

  answer(path: string): Promise<DeviceAnswer> {
    return answerDevice(new URL(path, "http://127.0.0.1"), this.views)
  }

  /** As the server gives it. */
  response(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return answer(new Request(`http://127.0.0.1${path}`, { headers }), this.views, { timeout: () => {} })
  }

  /** The page, one line, without its tags. */
  async text(path: string): Promise<string> {
    const { body } = await this.page(path)
    return body
      .replace(/<(script|noscript).*?<\/\1>/gs, "")
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ")
      .replace(/ ([.,:])/g, "$1")
      .trim()
  }

  async page(path: string): Promise<{ status: number; title: string; body: string }> {
    const answer = await this.answer(path)
    if (answer.kind !== "page") throw new Error(`${path} is no page`)
    return { status: answer.status, title: answer.shown.title, body: answer.shown.body.text }
  }

  async series(path: string) {
    const answer = await this.answer(path)
    if (answer.kind !== "series") throw new Error(`${path} is no series`)
    return answer.series
  }

  [Symbol.dispose](): void {
    this.bench[Symbol.dispose]()
  }
}
