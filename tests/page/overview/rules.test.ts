// What the first page tells of rules that hold, and the store's word of it for programmes.
import { expect, test } from "bun:test"
import { readCloudStatus } from "../../../src/cloud/status"
import { rulesOf } from "../../../src/page/overview/rules"
import { SITE } from "../../cloud/fixtures"
import { readings, WatchedSite } from "../../cloud/rules/fixture"

const textOf = (html: { readonly text: string }): string[] =>
  html.text
    .split("\n")
    .map((line) => line.replace(/<[^>]+>/g, "").trim())
    .filter((line) => line !== "")

test("rulesOf() has a line a device, the worst first, each with a link, and nothing where nothing holds", async () => {
  using site = new WatchedSite("{ dry: 20, hot: 30, frost: 0 }", [
    { ip: "192.168.1.2", name: "<tomatoes>" },
    { ip: "192.168.1.3" },
    { ip: "192.168.1.4" },
  ])
  const read = async () => (await readCloudStatus(site.bench.place)).sites
  await site.run({
    "192.168.1.2": readings([20, 50]),
    "192.168.1.3": readings([20, 50]),
    "192.168.1.4": readings([20, 50]),
  })
  expect(rulesOf(await read(), SITE).text).toBe("")
  expect((await read())[0]?.rules).toEqual({ devices: 0, counts: {}, worst: [] })
  await site.run({
    "192.168.1.2": readings([31, 12]),
    "192.168.1.3": readings([-2, 50]),
    "192.168.1.4": { missing: "<b>no file</b>" },
  })
  const html = rulesOf(await read(), SITE)
  expect(textOf(html)).toEqual([
    "Rules that hold",
    "192.168.1.4: nothing came (&lt;b&gt;no file&lt;/b&gt;) since 2 January",
    "192.168.1.3: frost, -2 °C since 2 January",
    "&lt;tomatoes&gt; 192.168.1.2: dry, 12 % since 2 January; hot, 31 °C since 2 January",
  ])
  expect(html.text).toContain('<a href="/devices/192.168.1.2">')
  expect((await read())[0]?.rules).toMatchObject({
    devices: 3,
    counts: { incomplete: 1, frost: 1, dry: 1, hot: 1 },
    worst: [
      {
        device: "192.168.1.4",
        name: null,
        rule: "incomplete",
        since: "2026-01-02",
        value: null,
        reason: "<b>no file</b>",
      },
      { device: "192.168.1.3", rule: "frost", value: -2 },
      { device: "192.168.1.2", name: "<tomatoes>", rule: "dry", value: 12, reason: null },
      { device: "192.168.1.2", rule: "hot", value: 31 },
    ],
  })
  expect(textOf(rulesOf(await read(), "elsewhere"))[0]).toBe(`Rules that hold of ${SITE}`)
  expect(rulesOf(await read(), "elsewhere").text).toContain(`<a href="/devices/192.168.1.2?site=${SITE}">`)
})

test("rulesOf() names ten devices of a fleet with all that holds of them, and counts the rest", async () => {
  const fleet = Array.from({ length: 250 }, (_, index) => `192.168.2.${index}`)
  using site = new WatchedSite("{ dry: 20, hot: 30, frost: 0 }", [{ ip: "192.168.2.0-192.168.2.249", name: "bed" }])
  await site.run(
    Object.fromEntries(
      fleet.map((ip, index) => [
        ip,
        index === 7 ? readings([-1, 50]) : readings([31, Number((19 - index / 100).toFixed(2))]),
      ]),
    ),
  )
  const lines = textOf(rulesOf((await readCloudStatus(site.bench.place)).sites, SITE))
  expect(lines).toHaveLength(12)
  expect(lines[1]).toBe("bed 192.168.2.7: frost, -1 °C since 1 January")
  expect(lines[2]).toBe("bed 192.168.2.249: dry, 16.51 % since 1 January; hot, 31 °C since 1 January")
  expect(lines[10]).toBe("bed 192.168.2.241: dry, 16.59 % since 1 January; hot, 31 °C since 1 January")
  expect(lines[11]).toBe("and 240 more devices: 240 dry, 240 hot")
})

test("what holds of the site comes first, and is no link", async () => {
  using site = new WatchedSite("{ dry: 20 }", [{ ip: "192.168.1.2" }])
  await site.run({ "192.168.1.2": readings([20, 12]) })
  await site.watch.overdue(SITE, { since: "2026-01-03", reason: "one was due" })
  expect(textOf(rulesOf((await readCloudStatus(site.bench.place)).sites, SITE))).toEqual([
    "Rules that hold",
    "The site: no run (one was due) since 3 January",
    "192.168.1.2: dry, 12 % since 1 January",
  ])
})
