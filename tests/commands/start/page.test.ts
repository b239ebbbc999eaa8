// `bun run start` and its page: where it is said to be, who serves it, and what its port costs when it is taken.
import { expect, test } from "bun:test"
import { isNews } from "../../../src/commands/start/page"
import { Site, until } from "../../end-to-end/fixture"
import { MAIN } from "../command"

/** What is said until the network waits for its time or for others. */
async function saidBy(site: Site, ...words: readonly string[]): Promise<string> {
  const command = [process.execPath, MAIN, "start", ...words]
  const child = Bun.spawn(command, { cwd: site.folder, stdout: "ignore", stderr: "pipe" })
  let said = ""
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text
  })()
  await until(() => /Next upload|Waiting for the gateway/.test(said))
  const [, url] = /Page {2}(http:\S+)/.exec(said) ?? []
  if (url) expect((await fetch(`${url}/health`)).status).toBe(200)
  child.kill("SIGTERM")
  expect(await child.exited).toBe(0)
  await reading
  return said
}

test.each([
  ["the whole network", "{ port: 0 }", [], true],
  ["a cloud", "{ port: 0 }", ["cloud", "--loopback"], true],
  ["a gateway where it is declared", "{ port: 0 }", ["gateway", "--loopback"], true],
  ["a device", "{ port: 0 }", ["device", "192.168.1.2", "--loopback"], false],
  ["the whole network that wants none", "false", [], false],
] as const)("%s: page %s, %j", async (_who, page, words, isServed) => {
  await using site = await Site.make({ page })
  expect(/Page {2}http:\/\/127\.0\.0\.1:\d+\n/.test(await saidBy(site, ...words))).toBe(isServed)
})

test("a port that is taken is one warning, and the network goes on", async () => {
  using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("other") })
  await using site = await Site.make({ page: `{ port: ${other.port} }` })
  const said = await saidBy(site)
  expect(said).toContain(`⚠ There is no page: TCP port ${other.port} of 127.0.0.1 is in use`)
  expect(said).toContain("Next upload")
})

test("isNews() counts what is told of rules, which comes behind the run's end, and not each upload", () => {
  expect(isNews({ kind: "rules-changed", site: "greenhouse" })).toBe(true)
  expect(isNews({ kind: "spools-alternate", site: "greenhouse" })).toBe(false)
})
