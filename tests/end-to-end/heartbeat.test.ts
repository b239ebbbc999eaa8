// The monitor hears of every run: its start, its summary, and whether it was complete.
import { expect, test } from "bun:test"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Network } from "../../src/network"
import { SAMPLE, Site } from "./fixture"

test("the gateway tells a monitor of every run, also of one that is incomplete", async () => {
  const heard: string[] = []
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const [, ...lines] = (await request.text()).split("\n")
      heard.push(`${request.method} ${new URL(request.url).pathname} ${lines.join("\n")}`.trimEnd())
      return new Response("OK")
    },
  })
  const files = { "surveys/device1.txt": SAMPLE["surveys/device1.txt"] }
  await using site = await Site.make({ files, extra: `alerts: { heartbeat: "${server.url}ping/secret" }` })
  const describe = ({ missing }: { missing: readonly unknown[] }) => `${missing.length} missing`
  const run = async () => {
    await using network = await Network.start(site.topology, { ...site.options, describe })
    await network.collect()
  }
  await run()
  await site.write("surveys/device2.txt", SAMPLE["surveys/device2.txt"])
  await run()
  expect(heard.filter((line) => !line.includes("/start"))).toEqual([
    "POST /ping/secret/fail 1 missing",
    "POST /ping/secret 0 missing",
  ])
  expect(heard[0]).toBe("POST /ping/secret/start")
})

test("a monitor's URL that is kept in a file is read at the start, and one that is not there is told", async () => {
  const heard: string[] = []
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      heard.push(new URL(url).pathname)
      return new Response("OK")
    },
  })
  await using site = await Site.make({ extra: "alerts: { heartbeat: { file: monitor } }" })
  const run = async () => {
    await using network = await Network.start(site.topology, site.options)
    await network.collect()
  }
  await run()
  expect(site.logged.filter((line) => line.includes("heartbeat"))).toEqual([
    expect.stringContaining("alerts.heartbeat: monitor is not there: write the secret into it"),
  ])
  await writeFile(join(site.folder, "monitor"), `${server.url}secret\n`, { mode: 0o600 })
  await run()
  expect(heard).toEqual(["/secret/start", "/secret"])
  await writeFile(join(site.folder, "monitor"), "secret")
  await run()
  expect(site.logged.filter((line) => line.includes("heartbeat")).slice(1)).toEqual([
    expect.stringContaining("alerts.heartbeat: monitor must hold an http or https URL"),
  ])
  expect(site.logged.filter((line) => line.includes("secret into it") === false && line.includes("secret"))).toEqual([])
})
