// `bun run start` that somebody ends, and what it says then.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { Site } from "../../end-to-end/fixture"
import { MAIN } from "../command"

let site: Site
beforeAll(async () => {
  site = await Site.make({ devices: ["{ ip: 192.168.1.2, survey: surveys/device1.txt }", "{ ip: 192.168.1.3 }"] })
})
afterAll(() => site[Symbol.asyncDispose]())

/** The last that it said, once it was sent the signal behind `until`, and its exit code. */
async function stop(signal: NodeJS.Signals, until: string, ...args: readonly string[]) {
  const command = [process.execPath, MAIN, "start", ...args]
  const child = Bun.spawn(command, { cwd: site.folder, stdout: "ignore", stderr: "pipe" })
  const decoder = new TextDecoder()
  let said = ""
  let isSent = false
  for await (const chunk of child.stderr) {
    said += decoder.decode(chunk, { stream: true })
    if (!isSent && said.includes(until)) isSent = child.kill(signal) === undefined
  }
  return { last: said.trimEnd().split("\n").at(-1), exit: await child.exited }
}

const line = (text: string) => expect.stringMatching(new RegExp(`^\\S+ ${text.replaceAll(".", "\\.")}$`))

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  test("says where what has arrived is, and that it goes on, exit 0", async () => {
    const kept = `What has arrived is safe in ${site.topology.gateway.spool}, and goes on with the next start`
    const whole = { last: line(`Stopped. ${kept}`), exit: 0 }
    expect(await stop(signal, "Next upload")).toEqual(whole)
    expect(await stop(signal, "Next upload", "gateway", "--loopback")).toEqual(whole)
    const waiting = await stop(signal, "Waiting for 192.168.1.3", "--once")
    expect(waiting).toEqual({ last: line(`Stopped. ${kept}`), exit: 1 })
  })

  test("says on the cloud's host what is stored, and on a device's what comes", async () => {
    expect(await stop(signal, "Waiting for the gateway", "cloud", "--loopback")).toEqual({
      last: line(`Stopped. What was delivered is safe in ${site.topology.cloud.store}, and the gateway keeps the rest`),
      exit: 0,
    })
    expect(await stop(signal, "Next upload", "device", "192.168.1.2", "--loopback")).toEqual({
      last: line("Stopped. The next start sends what is owed"),
      exit: 0,
    })
  })
})
