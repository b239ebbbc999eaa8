import { afterEach, beforeEach, expect, test } from "bun:test"
import { rename } from "node:fs/promises"
import { join } from "node:path"
import { answer, MailServer } from "../../alerts/mail-server"
import { Site } from "../../end-to-end/fixture"
import { runCommand } from "../command"

const SLOW_MS = 1500 // a service that is stopped has a second

let site: Site
afterEach(() => site[Symbol.asyncDispose]())

const noProxy = process.env.NO_PROXY
beforeEach(() => {
  process.env.NO_PROXY = "127.0.0.1"
})
afterEach(() => {
  if (noProxy === undefined) delete process.env.NO_PROXY
  else process.env.NO_PROXY = noProxy
})

const run = (...args: string[]) => runCommand(site.folder, "alerts", ...args)

test("bun run alerts lists what holds, by name, since when, with its value; and as JSON", async () => {
  site = await Site.make({ extra: "alerts: { rules: { dry: 20 } }" })
  expect(await run()).toMatchObject({ exit: 2, stdout: "" })
  await rename(join(site.folder, "surveys/device1.txt"), join(site.folder, "away.txt"))
  await runCommand(site.folder, "start", "--once", "--quiet")
  const { stdout, exit } = await run()
  expect(exit).toBe(0)
  expect(
    stdout
      .replaceAll(/\d{4}-\d\d-\d\d/g, "DAY")
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["device", "rule", "since", "value"],
    ["192.168.1.3 herbs", "dry", "DAY", "19 %"],
    ["192.168.1.2 tomatoes", "incomplete", "DAY", "surveys/device1.txt not found"],
    [""],
  ])
  expect(JSON.parse((await run("--json")).stdout)).toMatchObject([
    { site: "greenhouse", device: "192.168.1.3", name: "herbs", rule: "dry", value: 19, reason: null },
    { device: "192.168.1.2", rule: "incomplete", value: null, reason: "surveys/device1.txt not found" },
  ])
})

test("bun run alerts says so when nothing holds", async () => {
  site = await Site.make()
  await runCommand(site.folder, "start", "--once", "--quiet")
  const { stdout, stderr, exit } = await run()
  expect([stdout, exit]).toEqual(["", 0])
  expect(stderr).toContain("Nothing that is watched for holds.")
  expect((await run("--json")).stdout).toBe("[]\n")
})

test("bun run alerts test tells what each answers, no secret, and exits 1 if any failed", async () => {
  const statuses: Record<string, number> = { "/good-secret": 200, "/bad-secret": 403 }
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => new Response(null, { status: statuses[new URL(url).pathname] ?? 500 }),
  })
  const { host } = server.url
  const to = (...paths: string[]) => `alerts: { to: [${paths.map((path) => `"http://${host}/${path}"`).join(", ")}] }`
  site = await Site.make({ extra: to("good-secret", "bad-secret") })
  const { stdout, stderr, exit } = await run("test")
  expect([stdout, exit]).toEqual(["", 1])
  expect(stderr).toContain(`alerts.to[0]: ${host} has taken it\n`)
  expect(stderr).toContain(`alerts.to[1]: ${host} answers 403: check alerts.to[1]\n`)
  expect(stderr).not.toContain("secret")
  statuses["/bad-secret"] = 204
  expect((await run("test")).exit).toBe(0)
})

test("bun run alerts test says what a mail server has answered, and calls a script", async () => {
  await using server = await MailServer.start({
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith("gone") ? answer(550, "5.1.1 Nobody here") : null),
  })
  const smtp = `smtp: { host: 127.0.0.1, port: ${server.port}, security: none, from: farm@example.org }`
  const files = {
    "notify.ts": "export default ({ kind, title }) => Bun.write('called', [kind, title].join(' '))",
    "bad.ts": 'export default () => { throw "busy" }',
  }
  const to = "to: [mailto:you@example.org, mailto:gone@example.org, notify.ts, bad.ts]"
  site = await Site.make({ extra: `alerts: { ${to}, ${smtp} }`, files })
  const { stderr, exit } = await run("test")
  expect(stderr).toContain("alerts.to[0]: 127.0.0.1 has taken it: 250 OK: message queued\n")
  expect(stderr).toContain("alerts.to[1]: 127.0.0.1 answers 550 5.1.1 Nobody here: check alerts.to[1]\n")
  expect(stderr).toContain("alerts.to[2]: notify.ts has taken it\n")
  expect(stderr).toContain("alerts.to[3]: bad.ts: busy\n")
  expect(exit).toBe(1)
  expect(server.mails.map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1]?.trim())).toEqual(["greenhouse: a trial"])
  expect(await Bun.file(join(site.folder, "called")).text()).toBe("trial greenhouse: a trial")
})

test("start --once waits for a mail server that takes its time, as nobody would tell it otherwise until the next run", async () => {
  await using server = await MailServer.start({
    onMailFrom: (_address, _session, done) => void setTimeout(done, SLOW_MS),
  })
  const smtp = `smtp: { host: 127.0.0.1, port: ${server.port}, security: none, from: farm@example.org }`
  site = await Site.make({ extra: `alerts: { to: [mailto:you@example.org], ${smtp}, rules: { dry: 20 } }` })
  const { exit, stderr } = await runCommand(site.folder, "start", "--once")
  expect([exit, stderr.includes("did not get through"), server.mails.length]).toEqual([0, false, 1])
})

test("bun run alerts test says what to write when nobody is told; another word is not understood", async () => {
  site = await Site.make()
  expect(await run("test")).toEqual({
    stdout: "",
    stderr: "Nobody is told: write to: [https://ntfy.sh/your-topic] in alerts of topology.yaml\n",
    exit: 2,
  })
  expect(await run("tset")).toMatchObject({ exit: 2, stderr: expect.stringContaining("tset is not understood here") })
})
