// From the first page on, as a person goes: the sentence, a cell, the download; and a fleet.
import { expect, test } from "bun:test"
import { rename } from "node:fs/promises"
import { Network } from "../../../src/network"
import { Page } from "../../../src/page/page"
import { runCommand } from "../../commands/command"
import { DAY_MS, MONDAY_AT_SIX, Site, until } from "../../end-to-end/fixture"
import { closeAt } from "../../status/other-site"
import { Browser, IN_BROWSER, missingBrowser } from "./browser"

const WIDE = { width: 1280, scheme: "light" } as const

const missing = missingBrowser()
const inBrowser = test.skipIf(missing !== undefined)

async function served(site: Site, written: readonly string[] = []): Promise<Page> {
  return Page.start({ topology: site.topology, written, counts: () => undefined, log: site.log })
}

function behindProxy(origin: string, isRefused: (path: string) => boolean): Bun.Server<undefined> & AsyncDisposable {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: ({ url }) => {
      const { pathname, search } = new URL(url)
      return isRefused(pathname)
        ? new Response(null, { status: 503 })
        : fetch(`${origin}${pathname}${search}`, { decompress: false })
    },
  })
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop(true) })
}

inBrowser(
  "the sentence is read, a cell leads to its device's day, and what is downloaded there is what `readings` shows",
  async () => {
    await using site = await Site.collected({ page: "{ port: 0 }" })
    const page = await served(site)
    using browser = await Browser.open(page.url, WIDE)
    await browser.navigate(page.url)
    expect(await browser.text("h1")).toContain(
      "greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered",
    )
    await browser.follow("td.mark a", "/devices/192.168.1.2#2026-11-22")
    await browser.until("document.querySelector('h1').textContent.includes('tomatoes')")
    const href = await browser.until<string>(`[...document.links].find(({ text }) => text === "CSV").href`)
    const { stdout } = await runCommand(site.folder, "readings", "--device", "tomatoes", "--format", "csv")
    // in a file a byte order mark tells a spreadsheet that it is UTF-8
    expect((await (await fetch(href)).text()).replace("\ufeff", "").trimEnd().split(/\r?\n/)).toEqual(
      stdout.trimEnd().split("\n"),
    )
    expect(browser.complaints).toEqual([])
    page.stop()
  },
  IN_BROWSER,
)

inBrowser(
  "a page that hears nothing says so, and takes back the colour of what it shows until it hears again",
  async () => {
    await using site = await Site.collected({ page: "{ port: 0 }" })
    const { spool } = site.topology.gateway
    const page = await served(site, [spool])
    using browser = await Browser.open(page.url, WIDE)
    await browser.navigate(page.url)
    const ground = "getComputedStyle(document.querySelector('h1')).backgroundColor"
    const green = await browser.evaluate(ground)
    const lost = "document.querySelector('#news').textContent.startsWith('No word from the server since ')"
    const look = () => browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await rename(spool, `${spool}.away`)
    await look()
    await browser.until(lost)
    expect(await browser.evaluate(ground)).not.toBe(green)
    expect(await browser.violations()).toEqual([])
    await rename(`${spool}.away`, spool)
    await look()
    await browser.until(`!${lost}`)
    expect(await browser.evaluate(ground)).toBe(green)
    page.stop()
    await browser.until(lost)
  },
  IN_BROWSER,
)

inBrowser(
  "a page whose news were refused once listens again, and keeps what is being typed when it renews",
  async () => {
    const devices = ['{ ip: 192.168.1.2-192.168.1.99, name: "bed {ip}" }']
    await using site = await Site.collected({ page: "{ port: 0 }", devices })
    const page = await served(site)
    let asked = 0
    await using proxy = behindProxy(page.url, (path) => path === "/changes" && ++asked === 1)
    using browser = await Browser.open(proxy.url.origin, WIDE)
    await browser.navigate(`${proxy.url.origin}/devices`)
    await until(() => asked === 1)
    await browser.click("#find")
    await browser.evaluate("document.querySelector('#find').value = 'PO'")
    site.clock.forward(DAY_MS)
    {
      await using network = await Network.start(site.topology, site.options)
      await network.collect({ scheduledAt: MONDAY_AT_SIX + DAY_MS })
    }
    page.changed()
    expect(await browser.until(`document.querySelector("#news").textContent`)).toStartWith("Updated at ")
    expect(await browser.evaluate("document.activeElement.value")).toBe("PO")
    expect(asked).toBe(2)
    page.stop()
  },
  IN_BROWSER,
)

inBrowser(
  "of a fleet the days are counted, and a device is found by a part of its name or address",
  async () => {
    const devices = ['{ ip: 192.168.1.2-192.168.1.99, name: "bed {ip}" }', "{ ip: 192.168.1.200, name: pond }"]
    await using site = await Site.collected({ page: "{ port: 0 }", devices })
    const page = await served(site)
    using browser = await Browser.open(page.url, WIDE)
    await browser.navigate(page.url)
    expect(await browser.text("table")).toContain("Sunday 22 November 202699009900")
    expect(await browser.violations()).toEqual([])
    await browser.navigate(`${page.url}/devices`)
    expect(await browser.text("h1")).toBe("99 devices")
    await browser.until("document.querySelectorAll('tbody tr').length === 50")
    expect(await browser.text("nav")).toContain("Page 1 of 2")
    expect(await browser.violations()).toEqual([])
    await browser.follow("nav a[rel=next]", "page=2")
    await browser.until("document.querySelectorAll('tbody tr').length === 49")
    await browser.click("#find")
    await browser.evaluate("document.querySelector('#find').value = 'PO'")
    await browser.press("Enter")
    await browser.arrived("find=PO")
    await browser.until("document.querySelector('tbody').textContent.includes('pond 192.168.1.200')")
    expect(browser.complaints).toEqual([])
    page.stop()
  },
  IN_BROWSER,
)

inBrowser(
  "of many sites the worst are told, and one is found by a part of its name",
  async () => {
    await using site = await Site.collected({ page: "{ port: 0 }" })
    const today = new Date().toISOString()
    for (let at = 0; at < 60; at++) {
      await closeAt(site, `farm-${at}`, { arrived: ["192.168.7.2"], ...(at !== 53 && { scheduledAt: today }) })
    }
    const page = await served(site)
    using browser = await Browser.open(page.url, WIDE)
    await browser.navigate(page.url)
    expect(await browser.text("dl:last-of-type")).toContain("Sitesfarm-53: overdue, no day yet")
    expect(await browser.text("dl:last-of-type")).toContain("and 51 sites that are complete")
    expect(await browser.violations()).toEqual([])
    await browser.follow('a[href="/sites"]', "/sites")
    expect(await browser.text("h1")).toBe("61 sites")
    expect(await browser.text("nav")).toContain("Page 1 of 2")
    expect(await browser.violations()).toEqual([])
    await browser.click("#find-site")
    await browser.evaluate("document.querySelector('#find-site').value = 'GREEN'")
    await browser.press("Enter")
    await browser.arrived("find=GREEN")
    await browser.until("document.querySelectorAll('tbody tr').length === 1")
    expect(await browser.text("tbody")).toContain("greenhouse")
    expect(browser.complaints).toEqual([])
    page.stop()
  },
  IN_BROWSER,
)
