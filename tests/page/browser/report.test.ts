// A report as whoever is mailed it opens it: a file, without a server and without a network.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { StoreReader } from "../../../src/cloud/store/reader"
import { reportOf } from "../../../src/page/report/report"
import { addDays, type Day } from "../../../src/survey/calendar"
import { MONDAY_AT_SIX } from "../../end-to-end/fixture"
import { DAY, Farm, HERBS } from "../device/fixture"
import { Browser, type Look, missingBrowser } from "./browser"

const WITHIN_MS = 60_000
const LOOKS = ([360, 1280] as const).flatMap((width) =>
  (["light", "dark"] as const).map((scheme): Look => ({ width, scheme })),
)
const NAMES = ["tomatoes", "🌱".repeat(64), "w".repeat(64), `</script><img src=x onerror="alert(1)">`]

const missing = missingBrowser()
describe.skipIf(missing !== undefined)(`in a browser${missing ? ` (${missing})` : ""}`, () => {
  let farm: Farm
  let url: string
  beforeAll(async () => {
    farm = await Farm.make({
      devices: NAMES.map((name, index) => `{ ip: 192.168.1.${index + 2}, name: ${JSON.stringify(name)} }`),
    })
    for (const ago of [-16, -13, -9, -8, -1, 0]) await farm.put(addDays(DAY, ago), hourly(ago))
    for (const ago of [-3, -2, -1]) await farm.put(addDays(DAY, ago), "08:00 - 20 - 30%\n", { address: HERBS })
    await farm.put(DAY, hourly(0), { address: HERBS + 1 })
    const { topology } = farm.views
    using reader = new StoreReader(topology.cloud.store)
    const asked = { site: topology.site, devices: undefined, from: addDays(DAY, -13), to: DAY as Day }
    const file = join(farm.bench.folder, "soil.html")
    await Bun.write(file, await reportOf(asked, topology, reader, MONDAY_AT_SIX))
    url = pathToFileURL(file).href
  }, WITHIN_MS)
  afterAll(() => farm?.[Symbol.dispose]())

  test.each(LOOKS)(
    "a report is accessible, as wide as the window, and asks for nothing: $width px, $scheme",
    async (look) => {
      using browser = await Browser.open(url, look) // a request for anything else is a complaint
      await browser.navigate(url)
      expect(await browser.text("h1")).toBe("greenhouse, 8 to 21 Nov 2026")
      expect(await browser.violations()).toEqual([])
      expect(await browser.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(look.width)
      expect(browser.complaints).toEqual([])
    },
    WITHIN_MS,
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
    WITHIN_MS,
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
        const overlaps = `(() => {
          const boxes = [...document.querySelectorAll(".plot")][0].querySelectorAll(".lines text")
          const seen = [...boxes].map((text) => text.getBoundingClientRect()).filter(({ width }) => width > 0)
          return seen.filter(({ left }, at) => at > 0 && left < seen[at - 1].right + 2).length })()`
        expect(await browser.evaluate<number>(overlaps)).toBe(0)
        expect(browser.complaints).toEqual([])
      }
    },
    WITHIN_MS,
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
