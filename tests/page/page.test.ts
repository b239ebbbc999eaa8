// The page in its own thread, as a browser or a monitor asks it.
import { afterEach, expect, test } from "bun:test"
import { chmod, mkdir, readdir, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
import { writeSecret } from "../../src/keys/files"
import { silentLog } from "../../src/log"
import { Page } from "../../src/page/page"
import { runCommand } from "../commands/command"
import { Site, until } from "../end-to-end/fixture"
import { VirtualClock } from "../virtual-clock"

const sites: Site[] = []
const pages: Page[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) page.stop()
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]()
})

async function siteWith(page: string, isCollected = true): Promise<Site> {
  const site = await (isCollected ? Site.collected({ page }) : Site.make({ page }))
  sites.push(site)
  return site
}

async function start(site: Site, written: readonly string[] = []): Promise<Page> {
  const { topology } = site
  const page = await Page.start({ topology, written, counts: () => ({ uploads: 2 }), log: silentLog })
  pages.push(page)
  return page
}

const get = (page: Page, path: string, init?: RequestInit) => fetch(page.url + path, init)

test("the page says in one sentence how the last run went, and shows each device's days", async () => {
  const page = await start(await siteWith("{ port: 0 }"))
  const response = await get(page, "/")
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8")
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';(?!.*unsafe)/)
  const text = await response.text()
  expect(text).toContain("greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered")
  expect(text).toContain(
    '<a href="/devices/192.168.1.2"><bdi>tomatoes</bdi></a> <span class="quiet">192.168.1.2</span>',
  )
  expect(text).toContain('aria-label="Sunday 22 November 2026: delivered, 4 readings"')
})

test("a host where nothing was collected says so, and is well", async () => {
  const page = await start(await siteWith("{ port: 0 }", false))
  expect(await (await get(page, "/")).text()).toContain("Nothing is collected here yet")
  expect((await get(page, "/health")).status).toBe(200)
  expect((await get(page, "/health/last-run")).status).toBe(503)
})

test("what is not there, may not be done, or is asked under another name is refused", async () => {
  const page = await start(await siteWith("{ port: 0 }"))
  expect((await get(page, "/nothing")).status).toBe(404)
  expect((await get(page, "/", { method: "POST" })).status).toBe(405)
  expect((await get(page, "/", { headers: { host: "evil.example" } })).status).toBe(421)
  const head = await get(page, "/", { method: "HEAD" })
  expect([head.status, await head.text()]).toEqual([200, ""])
})

test("a password from a file of its owner's alone is asked for", async () => {
  const site = await siteWith("{ port: 0, password: keys/page }")
  const path = join(site.folder, "keys/page")
  await expect(start(site)).rejects.toThrow(`${path} is not there: write the page's password into it`)
  await mkdir(join(site.folder, "keys"))
  await writeFile(path, "a secret\n")
  await expect(start(site)).rejects.toThrow(`${path} must be its owner's alone: chmod 600 ${path}`)
  await chmod(path, 0o600)
  const page = await start(site)
  expect((await get(page, "/health")).status).toBe(401)
  const authorization = `Basic ${btoa("me:a secret")}`
  expect((await get(page, "/health", { headers: { authorization } })).status).toBe(200)
})

test("a port that is taken is one clear line", async () => {
  const first = await start(await siteWith("{ port: 0 }"))
  const { port } = new URL(first.url)
  const site = await siteWith(`{ port: ${port} }`)
  await expect(start(site)).rejects.toThrow(`TCP port ${port} of 127.0.0.1 is in use`)
})

test("a file that cannot be read is told with 503, and is no fault of ours", async () => {
  const site = await siteWith("{ port: 0 }")
  const page = await start(site)
  await writeFile(site.topology.gateway.spool, "this is no database")
  for (const path of ["/", "/devices", "/health/last-run", "/api/status"]) {
    const response = await get(page, path)
    expect([path, response.status]).toEqual([path, 503])
    expect(await response.text()).toContain(`${site.topology.gateway.spool} is not a SQLite database`)
  }
})

test("a file that is written here and has been taken away is told with 503, wherever it is needed", async () => {
  const site = await siteWith("{ port: 0 }")
  const { store } = site.topology.cloud
  const page = await start(site, [site.topology.gateway.spool, store])
  await rename(store, `${store}.away`)
  for (const path of [
    "/",
    "/devices/tomatoes",
    "/health",
    "/health/last-run",
    "/metrics",
    "/api/readings",
    "/api/status",
  ]) {
    const response = await get(page, path)
    expect([path, response.status]).toEqual([path, 503])
    expect(await response.text()).toContain(`${store} is not there any more`)
  }
  await rename(`${store}.away`, store)
  expect((await get(page, "/health")).status).toBe(200)
})

test("what is in keys/ stands on no page, in no answer of the API and in no report", async () => {
  const site = await siteWith("{ port: 0 }")
  for (const whose of ["cloud", "devices"]) await runCommand(site.folder, "pair", whose)
  const page = await start(site)
  const said = [(await runCommand(site.folder, "report")).stdout]
  for (const path of [
    "/",
    "/devices",
    "/devices/tomatoes",
    "/api/status",
    "/api/devices",
    "/metrics",
    "/health/last-run",
  ])
    said.push(await (await get(page, path)).text())
  for (const text of said.slice(0, 4)) expect(text).toContain("tomatoes")
  const keys = join(site.folder, "keys")
  const names = (await readdir(keys)).filter((name) => name.endsWith(".key") || name === "site.secret")
  expect(names).toHaveLength(5)
  for (const name of names) {
    const [secret = ""] = (await Bun.file(join(keys, name)).text()).match(/^[^-\n]{20,}$/m) ?? []
    expect(secret).not.toBe("")
    expect(said.join("\n")).not.toContain(secret)
  }
})

test("of an edited topology.yaml the page shows what the network goes by, and what needs a new start not before", async () => {
  const site = await siteWith("{ port: 0 }")
  const page = await start(site)
  const file = join(site.folder, "topology.yaml")
  const yaml = await Bun.file(file).text()
  const edited = yaml.replace("site: greenhouse", "site: north").replace("name: tomatoes", "name: beans")
  await writeFile(file, edited)
  page.changed()
  let text = ""
  for (let looks = 0; looks < 1000 && !text.includes("beans"); looks++) text = await (await get(page, "/")).text()
  expect(text).toContain("greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered")
  expect(text).not.toContain("north")
  await writeFile(file, "site: [unsound")
  page.changed()
  expect(await (await get(page, "/")).text()).toContain("beans")
})

test("a file of sites that is not sound leaves the page as it was", async () => {
  const site = await siteWith("{ port: 0 }")
  const file = join(site.folder, "topology.yaml")
  const yaml = (await Bun.file(file).text()).replace("10.10.10.2,", "10.10.10.2, sites: sites.txt,")
  const edited = yaml.replace("name: tomatoes", "name: beans")
  await site.write("sites.txt", "greenhouse\nbarn 10.0.0.7\n")
  await writeFile(file, yaml)
  const page = await start(site)
  await site.write("sites.txt", "greenhouse\nbarn\n")
  await writeFile(file, edited)
  page.changed()
  expect(await (await get(page, "/")).text()).toContain("tomatoes")
  await site.write("sites.txt", "greenhouse\nbarn 10.0.0.8\n")
  page.changed()
  let text = ""
  for (let looks = 0; looks < 1000 && !text.includes("beans"); looks++) text = await (await get(page, "/")).text()
  expect(text).toContain("2 of 2 devices, delivered")
})

test("names and reasons are shown as what they are, whatever they hold", async () => {
  const name = `<img src=x onerror=alert(1)>"'&\u202e${"🌱".repeat(20)}`
  const yaml = `{ ip: 192.168.1.2, name: ${JSON.stringify(name)}, survey: "<b>.txt" }`
  const site = await Site.collected({ page: "{ port: 0 }", devices: [yaml] })
  sites.push(site)
  const page = await start(site)
  for (const path of ["/", "/devices", "/devices?find=%3Cimg", "/devices?find=%22%3E%3Cscript%3E"]) {
    const text = await (await get(page, path)).text()
    expect(text.match(/<(?!\/?(?:!doctype|[a-z][a-z0-9]*\b)[^<>]*>)/gi)).toBeNull()
    expect(text).not.toMatch(/<(?:img|b|script(?! src="\/assets))\b/)
  }
})

test("a page whose thread has ended is started again, until it is stopped", async () => {
  const workers: Worker[] = []
  const Thread = globalThis.Worker
  globalThis.Worker = class extends Thread {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args)
      workers.push(this)
    }
  }
  const clock = new VirtualClock()
  const errors: string[] = []
  const site = await siteWith("{ port: 0 }")
  const log = { error: (text: string) => void errors.push(text) }
  const page = await Page.start({ topology: site.topology, counts: () => undefined, log, clock })
  pages.push(page)
  workers[0]?.terminate()
  await until(() => clock.pending === 1)
  expect(errors).toEqual(["The page has ended, in 10 s it is started again: it ended by itself"])
  const before = page.url
  await clock.advance(10_000)
  await until(() => page.url !== before)
  expect((await get(page, "/health")).status).toBe(200)
  page.stop()
  await clock.advance(60_000)
  expect([workers.length, clock.pending]).toEqual([2, 0])
  globalThis.Worker = Thread
})

test("whoever looks is told when something has changed", async () => {
  const page = await start(await siteWith("{ port: 0 }"))
  const { body } = await get(page, "/changes")
  const seen: string[] = []
  for await (const text of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    seen.push(...[...text.matchAll(/^event: (\w+)\ndata: (\S+)$/gm)].map(([, event, version]) => `${event} ${version}`))
    if (seen.length === 1) page.changed()
    if (seen.length === 2) break
  }
  const [first = "", second = ""] = seen
  expect([first.split(" ")[0], second.split(" ")[0]]).toEqual(["version", "changed"])
  expect(first.split(" ")[1]).not.toBe(second.split(" ")[1])
})

test("page.tls serves it over TLS, with a certificate that browsers are shown", async () => {
  const site = await siteWith("{ port: 0, tls: { certificate: keys/page.crt, key: keys/page.key } }")
  const { certificate, key } = makePair("127.0.0.1")
  writeSecret(join(site.folder, "keys/page.crt"), certificate)
  writeSecret(join(site.folder, "keys/page.key"), key)
  const page = await start(site)
  expect(page.url).toStartWith("https://127.0.0.1:")
  const response = await fetch(page.url, { tls: { ca: certificate } })
  expect(await response.text()).toContain("greenhouse, sample data")
  await expect(get(page, "/")).rejects.toThrow("self signed certificate") // nobody else vouches for it
  await expect(fetch(page.url.replace("https", "http"))).rejects.toThrow()
})

test("page.tls with a key that others may read, or that is another's, is no page", async () => {
  const site = await siteWith("{ port: 0, tls: { certificate: keys/page.crt, key: keys/page.key } }", false)
  const [one, other] = [makePair("127.0.0.1"), makePair("127.0.0.1")]
  const [certificate, key] = [join(site.folder, "keys/page.crt"), join(site.folder, "keys/page.key")]
  await expect(start(site)).rejects.toThrow(`${certificate} is not there: page.tls names it`)
  writeSecret(certificate, one.certificate)
  writeSecret(key, other.key)
  await expect(start(site)).rejects.toThrow(`${key} is not the key of ${certificate}: they have to be a pair`)
  await chmod(key, 0o640)
  await expect(start(site)).rejects.toThrow(`${key} may be read by others`)
})
