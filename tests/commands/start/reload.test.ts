// `bun run start` that is asked to read topology.yaml again, and what it has counted.
import { expect, test } from "bun:test"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { socketOf } from "../../../src/gateway/control/socket"
import { askUnix } from "../../../src/net/unix"
import { Site } from "../../end-to-end/fixture"
import { MAIN } from "../command"

const WITHIN_MS = 60_000
const HANG_UP_WHILE_READING = `
import { readFileSync, renameSync } from "node:fs"
const { file } = Bun
Bun.file = (path) => {
  Bun.file = file
  process.kill(process.pid, "SIGHUP")
  const read = new Blob([readFileSync(path)])
  renameSync("edited.yaml", path)
  return read
}
`

test("reload applies what changed and says it, counters tells what was counted since the start", async () => {
  await using site = await Site.make()
  const child = Bun.spawn([process.execPath, MAIN, "start"], { cwd: site.folder, stdout: "ignore", stderr: "pipe" })
  const said = child.stderr.text()
  const ask = (what: string) => askUnix(socketOf(site.topology.gateway.spool).path, `{"ask":"${what}"}`, WITHIN_MS)
  while (!(await ask("counters"))) await Bun.sleep(5)
  expect(JSON.parse((await ask("counters"))?.text ?? "")).toMatchObject({ refusedLines: 0, refusedMessages: 0 })

  expect(await ask("reload")).toEqual({ status: 200, text: "topology.yaml: nothing changed" })
  const yaml = await readFile(join(site.folder, "topology.yaml"), "utf8")
  await site.write("topology.yaml", `bufferSize: 2048\n${yaml}  - { ip: 192.168.1.4, name: lemons }\n`)
  const changes = "topology.yaml: + 192.168.1.4 lemons; bufferSize changed: start again to apply it"
  expect(await ask("reload")).toEqual({ status: 200, text: changes })
  await site.write("topology.yaml", `${yaml}  - { ip: lemons }\n`)
  const refused = await ask("reload")
  expect(refused?.status).toBe(422)
  expect(refused?.text).toMatch(/^topology\.yaml:\d+:\d+ devices\[2\]\.ip: [^\n]+$/)

  child.kill("SIGTERM")
  expect(await child.exited).toBe(0)
  expect(await said).toContain("topology.yaml: + 192.168.1.4 lemons\n")
})

test("a file that has changed is read on SIGHUP, and a run whose time comes then is done", async () => {
  await using site = await Site.make()
  const child = Bun.spawn([process.execPath, MAIN, "start"], { cwd: site.folder, stdout: "pipe", stderr: "pipe" })
  const lines = linesOf(child.stderr)
  for await (const line of lines) if (line.startsWith("Next upload")) break
  const yaml = await readFile(join(site.folder, "topology.yaml"), "utf8")
  const soon = Temporal.Now.zonedDateTimeISO("Europe/Rome").add({ seconds: 2 })
  const cron = [soon.second, soon.minute, soon.hour, "* * *"].join(" ")
  await site.write("topology.yaml", yaml.replace("0 6 * * *", cron))
  child.kill("SIGHUP")
  const said: string[] = []
  for await (const line of lines) {
    said.push(line)
    if (line.includes("2 of 2 devices, 8 readings stored")) break
  }
  expect(said).toContain(`topology.yaml: schedule.cron: ${cron}`)
  child.kill("SIGTERM")
  expect(await child.exited).toBe(0)
})

test("a SIGHUP that comes while topology.yaml is read for the first time is a look once the network runs", async () => {
  await using site = await Site.make()
  const { file } = site.topology
  await site.write("edited.yaml", `${await readFile(file, "utf8")}  - { ip: 192.168.1.4, name: lemons }\n`)
  await site.write("hang-up.ts", HANG_UP_WHILE_READING)
  const command = [process.execPath, "--preload", "./hang-up.ts", MAIN, "start"]
  const child = Bun.spawn(command, { cwd: site.folder, stdout: "ignore", stderr: "pipe" })
  const said: string[] = []
  for await (const line of linesOf(child.stderr)) {
    said.push(line)
    if (line === "topology.yaml: + 192.168.1.4 lemons") child.kill("SIGTERM")
  }
  expect(await child.exited).toBe(0)
  expect(said).toContain("topology.yaml: + 192.168.1.4 lemons")
})

test("a cloud alone reads the file that has changed, too", async () => {
  await using site = await Site.make()
  const command = [process.execPath, MAIN, "start", "cloud", "--loopback"]
  const child = Bun.spawn(command, { cwd: site.folder, stdout: "ignore", stderr: "pipe" })
  const lines = linesOf(child.stderr)
  for await (const line of lines) if (line === "Waiting for the gateway.") break
  const yaml = await readFile(join(site.folder, "topology.yaml"), "utf8")
  await site.write("topology.yaml", `${yaml}  - { ip: 192.168.1.4, name: lemons }\n`)
  child.kill("SIGHUP")
  for await (const line of lines) if (line === "topology.yaml: + 192.168.1.4 lemons") break
  child.kill("SIGTERM")
  expect(await child.exited).toBe(0)
})

/** Goes on where it was left. */
async function* readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = ""
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) yield line.replace(/^\S+T\S+ /, "") // when it was said
  }
}

function linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  const lines = readLines(stream)
  return { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) }
}
