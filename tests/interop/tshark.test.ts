// tshark reads both legs: CoAP over UDP (RFC 7252, RFC 7959) and over TCP (RFC 8323).
import { expect, test } from "bun:test"
import { join } from "node:path"
import { bindAddress, bindsWholeLoopback } from "../../src/topology/addressing"
import { Capture, captureRefused, type Packet } from "./capture"
import { CLOUD, type Declared, GATEWAY, GATEWAY_TO_CLOUD, TestNetwork } from "./network"
import { describeSkipped, describeWith } from "./peers"
import { surveyOf } from "./surveys"

const SURVEYS = join(import.meta.dir, "../../surveys")
const SAMPLE = [1, 2, 3, 4].map((number) => ({
  ip: `192.168.1.${number + 1}`,
  survey: `${SURVEYS}/device${number}.txt`,
}))
const SLOW_MS = 15_000 // tshark takes its time to start

function describeCapture(name: string, body: () => void): void {
  const refused = captureRefused() ?? (bindsWholeLoopback() ? undefined : "All addresses are one on this system")
  if (refused) describeSkipped(name, refused, body)
  else describeWith(["dumpcap", "tshark"], name, body)
}

/** What passes while a network collects once and ends. */
async function captureRun(devices: readonly Declared[], files: Record<string, string> = {}): Promise<Packet[]> {
  await using network = await TestNetwork.start(devices)
  for (const [name, text] of Object.entries(files)) await network.write(name, text)
  await using capture = await Capture.start({ udp: network.ports.gateway, tcp: network.ports.cloud })
  expect(await network.collect()).toMatchObject({ complete: true })
  await network.stop()
  return await capture.dissect()
}

/** The codes that went one way over one transport, in their order. */
function codesOf(packets: readonly Packet[], transport: string, source: string, destination: string): string[] {
  return packets
    .filter(
      (packet) => packet.transport === transport && packet.source === source && packet.destination === destination,
    )
    .flatMap(({ codes }) => codes)
}

const faultsIn = (packets: readonly Packet[]) => packets.filter(({ complaints }) => complaints.length > 0)

describeCapture("tshark", () => {
  test(
    "finds nothing malformed on either leg of the sample network",
    async () => {
      const packets = await captureRun(SAMPLE)
      expect(faultsIn(packets)).toEqual([])
      for (const { ip } of SAMPLE) {
        const device = bindAddress(ip, "simulated")
        expect(codesOf(packets, "udp", device, GATEWAY)).toEqual(["0.03"])
        expect(codesOf(packets, "udp", GATEWAY, device)).toEqual(["2.01"])
      }
      const there = codesOf(packets, "tcp", GATEWAY_TO_CLOUD, CLOUD)
      expect([there[0], there.at(-1), new Set(there)]).toEqual(["7.01", "7.04", new Set(["7.01", "0.03", "7.04"])])
      const back = codesOf(packets, "tcp", CLOUD, GATEWAY_TO_CLOUD)
      expect([back[0], new Set(back)]).toEqual(["7.01", new Set(["7.01", "2.04", "2.01"])])
    },
    SLOW_MS,
  )

  test(
    "follows a survey in blocks over both legs, message by message",
    async () => {
      const device = bindAddress("192.168.1.2", "simulated")
      const packets = await captureRun([{ ip: "192.168.1.2", survey: "survey.txt" }], {
        "survey.txt": surveyOf(5000).text,
      })
      expect(faultsIn(packets)).toEqual([])
      const blocks = Array(5).fill("0.03")
      const answers = ["2.31", "2.31", "2.31", "2.31", "2.01"]
      expect(codesOf(packets, "udp", device, GATEWAY)).toEqual(blocks)
      expect(codesOf(packets, "udp", GATEWAY, device)).toEqual(answers)
      // the settings, the site, the survey, the collection, the end
      expect(codesOf(packets, "tcp", GATEWAY_TO_CLOUD, CLOUD)).toEqual(["7.01", "0.03", ...blocks, "0.03", "7.04"])
      expect(codesOf(packets, "tcp", CLOUD, GATEWAY_TO_CLOUD)).toEqual(["7.01", "2.04", ...answers, "2.04"])
    },
    SLOW_MS,
  )

  test(
    "finds a malformed message that is planted",
    async () => {
      const sink = await Bun.udpSocket({ hostname: GATEWAY, port: 0 })
      await using capture = await Capture.start({ udp: sink.port, tcp: sink.port })
      sink.send(Uint8Array.of(0x40, 3, 0, 1, 0xb5, 0x61), sink.port, GATEWAY) // a path of 5 bytes that ends after one
      const packets = await capture.dissect()
      sink.close()
      expect(faultsIn(packets)).toHaveLength(1)
    },
    SLOW_MS,
  )
})
