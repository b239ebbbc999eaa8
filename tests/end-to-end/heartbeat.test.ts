// The monitor hears of every run: its start, its summary, and whether it was complete.
import { expect, test } from "bun:test"
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
