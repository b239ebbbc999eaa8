// The README's commands that speak to a running network, letter for letter but for the port, the client's name, and SenML's time.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { DAY, GATEWAY, TestNetwork } from "./network"
import { describeWith, findPeer } from "./peers"

const README = join(import.meta.dir, "../../README.md")
const DEVICE = "192.168.1.2"
const EIGHT = Temporal.PlainDateTime.from(`${DAY}T08:00`).toZonedDateTime("Europe/Rome").epochMilliseconds / 1000

/** The one command of the README that begins so, spoken to this network: what it says. */
async function speak(beginning: string, { ports }: TestNetwork): Promise<string> {
  const lines = (await Bun.file(README).text()).split("\n").filter((line) => line.startsWith(`    ${beginning} `))
  expect(lines).toHaveLength(1)
  const command = (lines[0] ?? "")
    .replace("coap-client-notls", findPeer("coap-client") ?? "")
    .replace(/"bt":\d+/, `"bt":${EIGHT}`)
    .replace(/127\.168\.1\.1([: ])10005/, `${GATEWAY}$1${ports.gateway}`)
  expect(command).toContain(String(ports.gateway))
  return (await Bun.$`sh -ec ${command}`.quiet().text()).trim()
}

describeWith(["coap-client", "nc"], "the README's commands", () => {
  test.each([
    "coap-client-notls -m put -t text/plain",
    "coap-client-notls -m put -t 110",
    "printf",
  ])("%s … brings a reading to the store", async (beginning) => {
    await using network = await TestNetwork.start([{ ip: DEVICE }])
    expect(await speak(beginning, network)).toBe("Surveys arrived")
    await network.collect()
    network.expectStored(DEVICE, ["08:00 - 20 - 30%"])
  })
})
