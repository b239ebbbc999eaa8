// The pages as a person meets them: after a collection of a small network, in a real browser.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { Network } from "../../../src/network"
import { Page } from "../../../src/page/page"
import { DAY_MS, MONDAY_AT_SIX, Site, until } from "../../end-to-end/fixture"
import { Browser, IN_BROWSER, type Look, missingBrowser } from "./browser"

const LOOKS = ([360, 1280] as const).flatMap((width) =>
  (["light", "dark"] as const).map((scheme): Look => ({ width, scheme })),
)
const WIDE: Look = { width: 1280, scheme: "light" }
const OVER = "#plot .u-over"

const missing = missingBrowser()
describe.skipIf(missing !== undefined)(`in a browser${missing ? ` (${missing})` : ""}`, () => {
  let site: Site
  let page: Page
  beforeAll(async () => {
    site = await Site.collected({ page: "{ port: 0 }", extra: "alerts: { rules: { dry: 29, hot: 40 } }" })
    page = await Page.start({ topology: site.topology, counts: () => undefined, log: site.log })
  }, IN_BROWSER)
  afterAll(async () => {
    page?.stop()
    await site?.[Symbol.asyncDispose]()
  })

  const tomatoes = () => `${page.url}/devices/tomatoes`

  async function open(look: Look, url = tomatoes()): Promise<Browser> {
    const browser = await Browser.open(page.url, look)
    await browser.navigate(url)
    if (url.includes("/devices/")) await browser.until(`document.querySelector("${OVER}") && true`)
    return browser
  }

  test.each(LOOKS)(
    "pages are accessible, and as wide as the window: $width px, $scheme",
    async (look) => {
      for (const url of [page.url, tomatoes()]) {
        using browser = await open(look, url)
        expect([url, await browser.violations()]).toEqual([url, []])
        expect(await browser.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(look.width)
        expect(browser.complaints).toEqual([])
      }
    },
    IN_BROWSER,
  )

  test(
    "what holds is told, and what is watched for is a line across that the plot has room for, with its words",
    async () => {
      using browser = await open(WIDE)
      expect(await browser.text(".holds")).toBe("✖ dry, 28 % since 22 November")
      expect(await browser.text("figcaption")).toContain("Watched for: dry below 29 %, hot above 40 °C")
      // before the first reading of the day, where nothing but lines across has these colours
      const pixels = `["temperature", "humidity"].map((name) => {
        const colour = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()
        const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
        const { width, height } = document.querySelector("#plot canvas")
        const context = document.querySelector("#plot canvas").getContext("2d")
        const { data } = context.getImageData(width / 4, 0, 12, height)
        const isOne = (at) => data[at + 3] > 200 && wanted.every((part, index) => Math.abs(data[at + index] - part) < 8)
        return Array.from({ length: data.length / 4 }, (_, pixel) => isOne(pixel * 4)).filter(Boolean).length
      })`
      expect(await browser.evaluate<number[]>(pixels)).toEqual([4, 4]) // two dots of two pixels each
      expect(await browser.violations()).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "a year, and what is not there, are accessible too",
    async () => {
      using browser = await open(WIDE, `${tomatoes()}?days=365`)
      expect(await browser.violations()).toEqual([])
      expect(browser.complaints).toEqual([])
      await browser.navigate(`${page.url}/devices/tomatos`)
      expect(await browser.text("main")).toContain("did you mean tomatoes?")
      expect(await browser.violations()).toEqual([])
      expect(browser.complaints).toEqual([expect.stringContaining("404")])
    },
    IN_BROWSER,
  )

  test(
    "the sentence and the value under the pointer are read, and the last one where it points at nothing",
    async () => {
      using browser = await open(WIDE)
      expect(await browser.text(".latest")).toContain(
        "28 % soil humidity and 21 °C at 20:00 on Sunday 22 November 2026",
      )
      expect(await browser.text("#reading")).toBe("Sunday 22 November, 20:00: 21 °C, 28 %")
      await browser.point(OVER, 8 / 24)
      expect(await browser.text("#reading")).toBe("Sunday 22 November, 08:00: 20 °C, 30 %")
      await browser.point("h1", 0.5)
      expect(await browser.text("#reading")).toBe("Sunday 22 November, 20:00: 21 °C, 28 %")
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "a finger takes the cursor along",
    async () => {
      using browser = await open({ width: 360, scheme: "light" }, `${tomatoes()}?days=1`)
      await browser.drag(OVER, 0.9, 0.51)
      expect(await browser.text("#reading")).toBe("Sunday 22 November, 12:00: 25 °C, 33 %")
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "the keyboard goes from reading to reading, and a live text reads each",
    async () => {
      using browser = await open(WIDE)
      expect(await browser.evaluate<string>(`document.querySelector("#reading").localName`)).toBe("output") // a status
      await browser.evaluate(`document.querySelector("#plot").focus()`)
      const read: string[] = []
      for (const key of ["Home", "ArrowLeft", "ArrowRight", "End", "ArrowRight", "ArrowLeft"]) {
        await browser.press(key)
        read.push((await browser.text("#reading")).replace(/.*, (\d\d:\d\d): .*/, "$1"))
      }
      expect(read).toEqual(["08:00", "08:00", "12:00", "20:00", "20:00", "16:00"])
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "another span is a link, and its plot has the hours of the device's own clock wherever the reader is",
    async () => {
      using browser = await open({ ...WIDE, timeZone: "America/Los_Angeles" })
      await browser.follow(`.spans a[href="?days=1"]`, "?days=1")
      await browser.until(`document.querySelector("${OVER}") && true`)
      await browser.point(OVER, 8 / 24)
      expect(await browser.text("#reading")).toBe("Sunday 22 November, 08:00: 20 °C, 30 %")
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "without JavaScript its tables stand and its links work",
    async () => {
      using browser = await Browser.open(page.url, WIDE)
      await browser.withoutScripts()
      await browser.navigate(tomatoes())
      const tables = `[...document.querySelectorAll("table tbody")].map(({ innerText }) => innerText.replace(/\\s+/g, " "))`
      expect(await browser.evaluate<string[]>(tables)).toEqual([
        "Sun 22 Nov 30 33 32 28",
        "Sun 22 Nov 20 22.3 25 28 30.8 33 4",
      ])
      await browser.follow(`.spans a[href="?days=30"]`, "?days=30")
      expect(await browser.until<string>(`document.querySelector("noscript").innerText`)).toContain("the tables below")
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "a collection that closes is shown by itself, in the same span, where the reader was",
    async () => {
      using browser = await open(WIDE, `${tomatoes()}?days=7`)
      await browser.evaluate(`document.querySelector("#plot").focus()`)
      for (const key of ["Home", "ArrowRight"]) await browser.press(key)
      site.clock.forward(DAY_MS)
      {
        await using network = await Network.start(site.topology, site.options)
        await network.collect({ scheduledAt: MONDAY_AT_SIX + DAY_MS })
      }
      page.changed()
      expect(await browser.until(`document.querySelector("#news").textContent`)).toStartWith("Updated at ")
      expect(await browser.text(".latest")).toContain("on Monday 23 November 2026")
      expect(await browser.text("h2")).toBe("22 to 23 Nov 2026")
      const before = "Sunday 22 November, 12:00: 25 °C, 33 %"
      await browser.until(`document.querySelector("#reading").textContent === ${JSON.stringify(before)}`)
      expect(await browser.evaluate<string>("document.activeElement.id")).toBe("plot")
      await browser.press("End")
      expect(await browser.text("#reading")).toBe("Monday 23 November, 20:00: 21 °C, 28 %")
      expect(browser.complaints).toEqual([])
    },
    IN_BROWSER,
  )

  test(
    "a planted violation is complained of",
    async () => {
      using browser = await open(WIDE)
      await browser.evaluate(`(() => { document.body.insertAdjacentHTML("beforeend", "<b style='color: red'>x</b><img src='http://192.0.2.1/x.png'>")
        setTimeout(() => { throw new Error("planted") }) })()`)
      for (const complaint of [/planted/, /inline style/, /192\.0\.2\.1/]) {
        await until(() => browser.complaints.some((text) => complaint.test(text)))
      }
      expect(await browser.violations()).toContain("image-alt: img")
    },
    IN_BROWSER,
  )
})
