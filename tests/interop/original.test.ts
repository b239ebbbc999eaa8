// Python sockets as the original's device and the original's gateway: plain text on the same two ports (DESIGN.md §5).
import { expect, test } from "bun:test"
import { bindAddress, bindsWholeLoopback } from "../../src/topology/addressing"
import { CLOUD, GATEWAY, GATEWAY_TO_CLOUD, TestNetwork } from "./network"
import { describeWith, runPeer } from "./peers"

const DEVICES = [{ ip: "192.168.1.2" }, { ip: "192.168.1.3" }]
const SENDER = "127.0.0.1" // may speak for any device in the simulated network

/** Sends one datagram and prints the answer. Arguments: source address, gateway, port, text. */
const DEVICE_SCRIPT = `
import socket, sys
source, gateway, port, text = sys.argv[1:]
device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
device.settimeout(4)
device.bind((source, 0))
device.sendto(text.encode(), (gateway, int(port)))
answer, sender = device.recvfrom(4096)
assert sender == (gateway, int(port)), sender
print(answer.decode())
`

/** Sends text on a connection, prints the answer, and holds that the cloud then closes. Arguments as above. */
const GATEWAY_SCRIPT = `
import socket, sys
source, cloud, port, text = sys.argv[1:]
gateway = socket.create_connection((cloud, int(port)), 4, (source, 0))
gateway.sendall(text.encode())
answer = b""
while chunk := gateway.recv(4096):
    answer += chunk
print(answer.decode())
`

async function runPython(script: string, ...args: readonly (string | number)[]): Promise<string> {
  const { stdout } = await runPeer("python3", ["-c", script, ...args.map(String)])
  return stdout.trim()
}

describeWith(["python3"], "the original's device", () => {
  test("sends one datagram of lines, waits for its answer, and is listed", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.2 08:00 - 20 - 30%\n192.168.1.2 12:00 - 25 - 33%\n"
    expect(await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)).toBe("Surveys arrived")
    await network.collect()
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%", "12:00 - 25 - 33%"])
    expect(network.printed).toBe("192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - 25 - 33%\n")
  })

  test("may write its lines as they are listed, and twice", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.3 - 08:00 - -1.5 - 41.2%"
    for (let i = 0; i < 2; i++) {
      expect(await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)).toBe("Surveys arrived")
    }
    await network.collect()
    network.expectStored("192.168.1.3", ["08:00 - -1.5 - 41.2%"])
  })

  test.skipIf(!bindsWholeLoopback())("reports that it has no readings with an empty datagram", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const source = bindAddress("192.168.1.3", "simulated")
    expect(await runPython(DEVICE_SCRIPT, source, GATEWAY, network.ports.gateway, "")).toBe("Surveys arrived")
    const { missing } = await network.collect()
    expect(missing.map(({ device }) => device.ip)).toEqual(["192.168.1.2"])
  })

  test("that is not declared is told so", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.9 08:00 - 20 - 30%\n192.168.1.9 12:00 - 25 - 33%\n"
    const answer = await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)
    expect(answer).toBe("192.168.1.9 is not a declared device")
  })
})

describeWith(["python3"], "the original's gateway", () => {
  test("sends lines on a connection, waits for its answer, sees it closed, and is listed", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const lines = ["192.168.1.2 - 08:00 - 20 - 30%", "192.168.1.2 - 12:00 - 25 - 33%", "192.168.1.3 - 07:00 - 18 - 28%"]
    const text = `${lines.join("\n")}\n`
    const answer = await runPython(GATEWAY_SCRIPT, GATEWAY_TO_CLOUD, CLOUD, network.ports.cloud, text)
    expect(answer).toBe("Surveys received")
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%", "12:00 - 25 - 33%"])
    network.expectStored("192.168.1.3", ["07:00 - 18 - 28%"])
    await network.stop() // which waits for the console
    expect(network.printed).toBe(text)
  })

  test("may leave out the last line's end", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.2 - 08:00 - 20 - 30%"
    const answer = await runPython(GATEWAY_SCRIPT, GATEWAY_TO_CLOUD, CLOUD, network.ports.cloud, text)
    expect(answer).toBe("Surveys received")
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%"])
  })
})
