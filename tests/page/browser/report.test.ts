// A report as whoever is mailed it opens it: a file, without a server and without a network.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { placeOf } from "../../../src/cloud/store/open"
import { StoreReader } from "../../../src/cloud/store/reader"
import type { DaySpan } from "../../../src/page/device/history"
import { reportOf } from "../../../src/page/report/report"
import { addDays } from "../../../src/survey/calendar"
import type { Topology } from "../../../src/topology/topology"
import { MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { DAY, Farm, HERBS } from "../device/fixture"
import { Browser, IN_BROWSER, type Look, missingBrowser } from "./browser"

const LOOKS = ([360, 1280] as const).flatMap((width) =>
  (["light", "dark"] as const).map((scheme): Look => ({ width, scheme })),
)
const NAMES = ["tomatoes", "🌱".repeat(64), "w".repeat(64), `</script><img src=x onerror="alert(1)">`]
const A4: Look = { width: 680, scheme: "dark" } // 180 mm between its margins, where the screen was dark
/** How many names of ticks begin before the last one has ended. */
const OVERLAPS = `(() => {
  const texts = [...document.querySelector(".plot .lines").querySelectorAll("text")]
  const boxes = texts.map((text) => text.getBoundingClientRect()).filter(({ width }) => width > 0)
  return boxes.filter(({ left }, at) => at > 0 && left < boxes[at - 1].right + 2).length })()`

const missing = missingBrowser()
describe.skipIf(missing !== undefined)(`in a browser${missing ? ` (${missing})` : ""}`, () => {
  let farm: Farm
  let site: Site
  let url: string
  /** Of a network with a gateway. */
  let collected: readonly string[]
  beforeAll(async () => {
    farm = await Farm.make({
      devices: NAMES.map((name, index) => `{ ip: 192.168.1.${index + 2}, name: ${JSON.stringify(name)} }`),
    })
    for (const ago of [-16, -13, -9, -8, -1, 0]) await farm.put(addDays(DAY, ago), hourly(ago))
    for (const ago of [-3, -2, -1]) await farm.put(addDays(DAY, ago), "08:00 - 20 - 30%\n", { address: HERBS })
    await farm.put(DAY, hourly(0), { address: HERBS + 1 })
    url = await written(farm.views.topology, { from: addDays(DAY, -13), to: DAY }, "soil.html")
    site = await Site.collected()
    const [sunday, monday] = ["2026-11-22", "2026-11-23"] as const
    collected = await Promise.all([
      written(site.topology, { from: sunday, to: sunday }, "sunday.html"),
      written(site.topology, { from: monday, to: monday }, "monday.html"), // which has no part that its grid leads to
    ])
  }, IN_BROWSER)
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    farm?.[Symbol.dispose]()
  })

  /** Resolves with its URL. */
  async function written(topology: Topology, span: DaySpan, name: string): Promise<string> {
    await using reader = await StoreReader.open(placeOf(topology))
    const file = join(farm.bench.folder, name)
    const asked = { site: topology.site, devices: undefined, ...span }
    await Bun.write(file, await reportOf(asked, topology, reader, MONDAY_AT_SIX))
    return pathToFileURL(file).href
  }

  test.each(LOOKS)(
    "a report is accessible, as wide as the window, and asks for nothing: $width px, $scheme",
    async (look) => {
      for (const file of [url, ...collected]) {
        using browser = await Browser.open(file, look) // a request for anything else is a complaint
        await browser.navigate(file)
        expect(await browser.text("h1")).toContain("Nov 2026")
        expect([file, await browser.violations()]).toEqual([file, []])
        expect(await browser.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(look.width)
        expect(browser.complaints).toEqual([])
      }
    },
    IN_BROWSER,
  )

  test(
    "a report's links lead to its parts, and there alone",
    async () => {
      using browser = await Browser.open(url, { width: 1280, scheme: "light" })
      await browser.navigate(url)
      const lost =
        "[...document.links].filter(({ hash }) => !document.getElementById(decodeURIComponent(hash.slice(1))))"
      expect(await browser.evaluate<number>("document.links.length")).toBe(NAMES.length)
      expect(await browser.evaluate<number>(`${lost}.length`)).toBe(0)
      expect(
        await browser.evaluate<number>(
          "[...document.links].filter(({ href }) => !href.startsWith(location.href)).length",
        ),
      ).toBe(0)
      await browser.click("li:last-child a")
      expect(await browser.until<string>("document.querySelector(':target').textContent")).toContain(
        "</script><img src=x",
      )
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "a report's plot stands where scripts are blocked, its text as large as the page's at every width",
    async () => {
      for (const width of [360, 1280]) {
        using browser = await Browser.open(url, { width, scheme: "light" })
        await browser.withoutScripts()
        await browser.navigate(url)
        const box = (selector: string) =>
          browser.evaluate<{ width: number; height: number }>(
            `document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().toJSON()`,
          )
        expect((await box(".plot")).width).toBeGreaterThan(width * 0.8)
        expect((await box(".plot path.temperature")).width).toBeGreaterThan(width * 0.5)
        expect((await box(".plot text")).height).toBeWithin(10, 20)
        expect(await browser.evaluate<number>(OVERLAPS)).toBe(0)
        expect(browser.complaints).toEqual([])
      }
    },
    IN_BROWSER,
  )

  test(
    "a report is printed dark on white, as wide as the paper, and a device's part is on one page",
    async () => {
      using browser = await Browser.open(url, A4)
      await browser.onPaper(A4.scheme)
      await browser.navigate(url)
      const style = "getComputedStyle(document.body)"
      expect(await browser.evaluate<string>(`${style}.backgroundColor`)).toBe("rgb(255, 255, 255)")
      expect(await browser.evaluate<string>(`${style}.color`)).toBe("rgb(28, 38, 32)")
      const widest =
        "Math.max(...[...document.querySelectorAll('section *')].map((each) => each.getBoundingClientRect().right))"
      expect(await browser.evaluate<number>(widest)).toBeLessThanOrEqual(A4.width)
      const tallest = "Math.max(...[...document.querySelectorAll('section')].map(({ offsetHeight }) => offsetHeight))"
      expect(await browser.evaluate<number>(tallest)).toBeLessThanOrEqual(1009) // 267 mm
      expect(await browser.evaluate<number>(OVERLAPS)).toBe(0)
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )
})

/** A day that is drier than the one before. */
function hourly(ago: number): string {
  const lines = Array.from({ length: 24 }, (_, hour) => {
    const temperature = (15 + 6 * Math.sin(((hour - 9) / 12) * Math.PI)).toFixed(1)
    return `${String(hour).padStart(2, "0")}:00 - ${temperature} - ${(40 - ago - hour / 24).toFixed(1)}%\n`
  })
  return lines.join("")
}
