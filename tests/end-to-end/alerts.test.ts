// Whoever is named hears what begins and ceases to hold; what does not get through is told later, by another process too.
import { expect, test } from "bun:test"
import { rename } from "node:fs/promises"
import { join } from "node:path"
import { type Event, Network } from "../../src/network"
import { readStatus } from "../../src/status/document"
import { cloudEntries } from "../../src/status/words"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site, until } from "./fixture"

const TEN_MINUTES_MS = 600_000
const WITHIN_MS = 60_000
const rules = "rules: { dry: 20 }"

class Friend implements Disposable {
  readonly heard: string[] = []
  readonly server: Bun.Server<undefined>
  isIll = false

  constructor() {
    this.server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        if (this.isIll) return new Response(null, { status: 403 })
        this.heard.push(`${request.headers.get("title")}\n${await request.text()}`)
        return new Response("OK")
      },
    })
  }

  [Symbol.dispose](): void {
    this.server.stop(true)
  }
}

async function runs(site: Site, day: number): Promise<void> {
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX + day * DAY_MS })
}

test("a run tells what began, the next one what ended, and neither twice", async () => {
  using friend = new Friend()
  const extra = `alerts: { to: ["${friend.server.url}secret"], ${rules} }`
  await using site = await Site.make({ extra })
  const [there, away] = [join(site.folder, "surveys/device1.txt"), join(site.folder, "away.txt")]
  await rename(there, away)
  await runs(site, 0)
  expect(friend.heard).toEqual([
    [
      "greenhouse: 2 new (incomplete, dry)",
      "Sunday 22 November 2026",
      "✖ 192.168.1.2 tomatoes: nothing came (surveys/device1.txt not found)",
      "✖ 192.168.1.3 herbs: dry, 19 %",
    ].join("\n"),
  ])
  await runs(site, 0)
  site.clock.forward(DAY_MS)
  await runs(site, 1)
  expect(friend.heard).toHaveLength(1)
  await rename(away, there)
  await site.write("surveys/device2.txt", SAMPLE["surveys/device2.txt"].replace("19%", "22%"))
  site.clock.forward(DAY_MS)
  await runs(site, 2)
  expect(friend.heard.slice(1)).toEqual([
    [
      "greenhouse: 2 over",
      "Tuesday 24 November 2026",
      "✔ 192.168.1.2 tomatoes: it sends again, nothing of 22 November so far",
      "✔ 192.168.1.3 herbs: no longer dry, 22 %",
    ].join("\n"),
  ])
  expect(site.logged.filter((line) => line.includes("secret"))).toEqual([])
})

test("what does not get through is in the status, and told when the network starts again", async () => {
  using friend = new Friend()
  friend.isIll = true
  await using site = await Site.make({ extra: `alerts: { to: ["${friend.server.url}secret"], ${rules} }` })
  await runs(site, 0)
  const { host } = friend.server.url
  const untold = async () => (await readStatus(site.topology, site.clock.now())).cloud?.untold
  expect(await untold()).toMatchObject([{ host, messages: 1, reason: `${host} answers 403: check alerts.to[0]` }])
  const { cloud, sites } = await readStatus(site.topology, site.clock.now())
  expect(cloud && cloudEntries(cloud, sites).at(-1)).toEqual({
    title: "Not told",
    lines: [`1 message for ${host}: ${host} answers 403: check alerts.to[0]`],
  })
  expect(JSON.stringify(cloud)).not.toContain("secret")
  friend.isIll = false
  await using _network = await Network.start(site.topology, site.options)
  await until(async () => (await untold())?.length === 0)
  expect(friend.heard).toHaveLength(1)
  expect(site.logged.filter((line) => line.includes("secret"))).toEqual([])
})

test("a run that was due and does not take place is told, once, and that runs take place again", async () => {
  using friend = new Friend()
  const extra = `alerts: { to: ["${friend.server.url}secret"] }`
  await using site = await Site.make({ extra, speed: 100 })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  site.clock.forward(DAY_MS + TEN_MINUTES_MS)
  await until(() => friend.heard.length > 0)
  await network.collect({ scheduledAt: MONDAY_AT_SIX + DAY_MS })
  await until(() => friend.heard.length > 1)
  expect(friend.heard.map((text) => text.split("\n").at(-1))).toEqual([
    expect.stringMatching(/^✖ no run \(one was due (today|yesterday|Tuesday 24 November) 06:00 Europe\/Rome\)$/),
    "✔ runs take place again",
  ])
})

test("update() tells whoever is named from then on", async () => {
  using friend = new Friend()
  await using site = await Site.make({ extra: `alerts: { ${rules} }` })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  const { alerts } = site.topology
  const to = [{ kind: "web" as const, url: `${friend.server.url}secret` }]
  network.update({ ...site.topology, alerts: { ...alerts, to } })
  await network.stop()
  expect(friend.heard).toEqual(["greenhouse: 1 new (dry)\nSunday 22 November 2026\n✖ 192.168.1.3 herbs: dry, 19 %"])
})

test("whoever listens hears when what holds has changed, behind the run's end, and not of a run that changes nothing", async () => {
  await using site = await Site.make({ extra: `alerts: { ${rules} }` })
  const heard: string[] = []
  const listener = ({ kind }: Event) => {
    if (kind === "rules-changed" || kind === "run-finished") heard.push(kind)
  }
  const collect = async (day: number) => {
    await using network = await Network.start(site.topology, { ...site.options, listener })
    await network.collect({ scheduledAt: MONDAY_AT_SIX + day * DAY_MS })
  }
  await collect(0)
  expect(heard).toEqual(["run-finished", "rules-changed"])
  site.clock.forward(DAY_MS)
  await collect(1)
  expect(heard.slice(2)).toEqual(["run-finished"])
})

test(
  "a script that hangs or throws holds up no run and no stop, is in the status, and is called again",
  async () => {
    const extra = `alerts: { to: [hangs.ts, notify.ts], ${rules} }`
    const files = {
      ...SAMPLE,
      "hangs.ts": "export default () => { for (;;); }",
      "notify.ts": 'export default () => { throw new Error("no network") }',
    }
    await using site = await Site.make({ extra, files, speed: 100 })
    await using network = await Network.start(site.topology, site.options)
    const { complete } = await network.collect({ scheduledAt: MONDAY_AT_SIX })
    expect(complete).toBe(true)
    const untold = async () => {
      const { cloud } = await readStatus(site.topology, site.clock.now())
      return cloud?.untold.map(({ host, reason }) => [host, reason])
    }
    await until(async () => (await untold())?.filter(([, reason]) => reason !== null).length === 2)
    expect(await untold()).toEqual([
      ["hangs.ts", "hangs.ts does not answer within 30 s"],
      ["notify.ts", "notify.ts: no network"],
    ])
    await network.stop()
    await site.write("hangs.ts", `export default ({ title }) => Bun.write("${site.folder}/heard", title)`)
    await site.write("notify.ts", "export default () => {}")
    await using _again = await Network.start(site.topology, site.options)
    await until(async () => (await untold())?.length === 0)
    expect(await Bun.file(join(site.folder, "heard")).text()).toBe("greenhouse: 1 new (dry)")
  },
  WITHIN_MS,
)
