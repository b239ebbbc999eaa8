// Nothing from outside drives a terminal: what files, scripts and peers say, through the commands as a person types them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { systemClock } from "../../src/clock"
import { Code } from "../../src/coap/code"
import { type Handler, say } from "../../src/coap/resource"
import { Session } from "../../src/coap/tcp/session"
import { systemSockets } from "../../src/net/sockets"

const MAIN = resolve(import.meta.dir, "../../src/main.ts")
const CLOUD = "127.10.10.2"

/** A title, a clear screen, a colour, C1 and DEL, a turn of the text, zero width, other line ends, and a forged line. */
const HOSTILE = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u007f\u202egnp\u2066\u061c\u200b\ufeff\u2028\n✔ all is well\r"
const SHOWN = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\u007f\\u202egnp\\u2066\\u061c\\u200b\\ufeff\\u2028"
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostile-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const topology = (devices: string, cloudPort = 0, data = "data") => `site: greenhouse
timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: 1s }
gateway:
  spool: ${data}/gateway.db
  interfaces:
    devices: { address: 192.168.1.1/24, port: 0 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2, port: ${cloudPort}, store: ${data}/cloud.db }
devices:
${devices}
`

async function declare(text: string): Promise<void> {
  await writeFile(join(folder, "topology.yaml"), text)
}

const spawn = (...args: string[]) =>
  Bun.spawn([process.execPath, MAIN, ...args], { cwd: folder, stdout: "pipe", stderr: "pipe" })

function expectPrintable(text: string): void {
  for (const line of text.split("\n")) expect(line).not.toMatch(UNSEEN)
  expect(text).not.toMatch(/^✔ all is well/m)
}

/** What a command wrote, all of it printable, and its exit code. */
async function run(...args: string[]) {
  const child = spawn(...args)
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  expectPrintable(stdout)
  expectPrintable(stderr)
  return { stdout, stderr, exit }
}

test("survey lines, names and file names", async () => {
  const name = "survey\u202e\u009b.txt"
  await writeFile(join(folder, name), `08:00 - 20 - 30%\n09:00 - ${HOSTILE.replace("\n", "\r")} - 30%\n${HOSTILE}\n`)
  await declare(topology(`  - { ip: 192.168.1.2, name: "tom\u202e\u200batoes", survey: "${name}" }`))
  const check = await run("check")
  expect(check.stderr).toContain("survey\\u202e\\u009b.txt:2 A reading must be written")
  expect(check.exit).toBe(2)
  const once = await run("start", "--once", "--verbose")
  expect(once.stderr).toContain("192.168.1.2 tom\\u202e\\u200batoes")
  expect(once.stderr).toContain("Refused: survey\\u202e\\u009b.txt:3 ")
  expect(once).toMatchObject({ stdout: "192.168.1.2 - 08:00 - 20 - 30%\n", exit: 0 })

  const listed = (await run("quarantine")).stdout
  expect(listed).toContain("\\u001b]0;owned\\u0007\\u001b[2J")
  const [row] = JSON.parse((await run("quarantine", "--json")).stdout)
  expect(row).toMatchObject({ name: "tom\u202e\u200batoes", text: expect.stringContaining("\u001b]0;owned\u0007") })
  expect((await run("status")).stdout).toContain("tom\\u202e\\u200batoes")
  expect(JSON.parse((await run("status", "--json")).stdout).gateway.devices).toMatchObject([
    { name: "tom\u202e\u200batoes" },
  ])
  for (const format of ["listing", "table", "csv", "jsonl"]) await run("readings", "--format", format)
  expect((await run("readings", "--format", HOSTILE)).stderr).toContain(SHOWN)
  expect((await run(HOSTILE)).exit).toBe(2)
})

test("readings behind what a file holds already, as with >>", async () => {
  const times = Array.from({ length: 24 * 12 }, (_, n) =>
    [n / 12, (n % 12) * 5].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":"),
  )
  await writeFile(join(folder, "often.txt"), times.map((time) => `${time} - 20 - 30%\n`).join(""))
  await declare(topology("  - { ip: 192.168.1.2, survey: often.txt }", 0, "appended"))
  const output = join(folder, "output.txt")
  await writeFile(output, "before\n")
  await using appended = await open(output, "a")
  const child = Bun.spawn([process.execPath, MAIN, "start", "--once"], {
    cwd: folder,
    stdout: appended.fd,
    stderr: appended.fd,
  })
  expect(await child.exited).toBe(0)
  const [before, ...lines] = (await readFile(output, "utf8")).split("\n")
  expect(before).toBe("before")
  expect(lines.some((line) => line.includes("\0"))).toBe(false)
  expect(lines.filter((line) => line.startsWith("192."))).toEqual(
    times.map((time) => `192.168.1.2 - ${time} - 20 - 30%`),
  )
})

test("a survey script's words", async () => {
  const throws = `export default () => { throw new Error(${JSON.stringify(HOSTILE)}) }`
  await writeFile(join(folder, "tank.ts"), throws)
  await declare(topology("  - { ip: 192.168.1.2, survey: tank.ts }", 0, "scripts"))
  const { stderr, exit } = await run("start", "--once")
  expect(stderr).toContain(`Missing: 192.168.1.2, tank.ts: ${SHOWN}`)
  expect(exit).toBe(1)
})

test("values, keys and raw bytes of topology.yaml", async () => {
  const value = JSON.stringify(HOSTILE)
  for (const text of [
    topology("  - { ip: 192.168.1.2 }").replace("greenhouse", value),
    topology("  - { ip: 192.168.1.2 }").replace("site:", `${value}: 1\nsite:`),
    topology("  - { ip: 192.168.1.2 }").replace("site:", '"s\u202e\u009bite":'),
    topology("  - { ip: 192.168.1.2, name: \u001b[2J\u202e }"),
    topology("  - { ip: 192.168.1.2, name: !tag\u009b \u202e* }"),
    topology("  - *\u202e\u009balias"),
    topology(`  - { ip: 192.168.1.2, survey: &a${HOSTILE} `),
    HOSTILE,
  ]) {
    await declare(text)
    const { stderr, exit } = await run("check")
    expect(stderr).toContain("topology.yaml")
    expect(exit).toBe(2)
  }
  await writeFile(join(folder, "good.txt"), "")
  await declare(
    topology('  - { ip: 192.168.1.2, survey: "good.txt", name: "\u202e" }\n  - { ip: 192.168.1.3, survey: good.txt }'),
  )
  expect((await run("check")).stderr).toContain("⚠ topology.yaml:")
})

describe("a cloud's words", () => {
  async function withCloud(handler: Handler | "abort", work: (port: number) => Promise<void>): Promise<void> {
    const listener = systemSockets.listenTcp({
      address: CLOUD,
      port: 0,
      onConnection: (connection) => {
        const session = new Session({
          send: (bytes) => connection.write(bytes),
          close: () => connection.close(),
          clock: systemClock,
          random: Math.random,
          maxMessageSizeBytes: 4096,
          address: connection.remoteAddress,
          endpoint: connection.endpoint,
          ...(handler !== "abort" && { handler }),
        })
        session.start()
        if (handler === "abort") session.abort(HOSTILE)
        return { data: (chunk) => session.receive(chunk), close: () => session.closed() }
      },
    })
    try {
      await work(listener.port)
    } finally {
      await listener.stop()
    }
  }

  const start = ["start", "gateway", "device", "192.168.1.2", "--loopback", "--once", "--verbose"]
  const device = "  - { ip: 192.168.1.2, name: tomatoes, survey: survey.txt }"
  beforeAll(() => writeFile(join(folder, "survey.txt"), "08:00 - 20 - 30%\n"))

  const refusesSurveys = () =>
    withCloud(
      ({ options }) =>
        options.some(({ value }) => Buffer.from(value).toString() === "surveys")
          ? say(Code.BadRequest, `${HOSTILE}${"x".repeat(1000)}`)
          : say(Code.Changed),
      async (port) => {
        await declare(topology(device, port, "refusing"))
        const { stderr, exit } = await run(...start)
        expect(stderr).toContain("✖ 1 of 1 device, 1 survey refused by the cloud (192.168.1.2, ")
        expect(stderr).not.toContain("until the cloud answers")
        expect(exit).toBe(1)
        for (const _more of [2, 3]) await run(...start) // it is believed when it says so on three runs
        const { stdout } = await run("quarantine", "--kind", "delivery")
        expect(stdout).toContain(`08:00 - 20 - 30%  The cloud refused it: ${SHOWN}`)
        expect((await run("quarantine", "--retry")).stderr).toContain("1 survey due for the cloud again")
        expect((await run("status")).stdout).toContain("Undelivered  1 survey")
      },
    )
  // each run asks three times, with growing pauses
  test("in its refusal of a survey, which is then told for what it is", refusesSurveys, 30_000)

  test("in its Abort", () =>
    withCloud("abort", async (port) => {
      await declare(topology(device, port, "aborting"))
      const child = spawn(...start)
      const decoder = new TextDecoder()
      let said = ""
      for await (const chunk of child.stderr) {
        said += decoder.decode(chunk, { stream: true })
        if (said.includes("Again in")) child.kill()
      }
      await child.exited
      expectPrintable(said)
      expect(said).toContain(`The connection with ${CLOUD} ended: aborted by the peer: ${SHOWN}`)
      expect(said).toContain(`⚠ Not delivered: The connection with ${CLOUD} ended: aborted by the peer: ${SHOWN}`)
    }))
})
