// libcoap's client as a device: it uploads to our gateway over UDP (RFC 7252, RFC 7959).
import { expect, test } from "bun:test"
import { bindAddress, bindsWholeLoopback } from "../../src/topology/addressing"
import { getText, putFile } from "./libcoap"
import { DAY, TestNetwork } from "./network"
import { describeWith } from "./peers"
import { surveyOf } from "./surveys"

const FLEET = [{ ip: "192.168.1.2-192.168.1.20" }]
const SLOW_MS = 15_000 // libcoap waits 2 to 3 s before it sends again (RFC 7252 §4.8)

describeWith(["coap-client"], "libcoap's client and our gateway", () => {
  test.each([
    { blockBytes: 16, sizes: [100, 5000] },
    { blockBytes: 64, sizes: [100, 5000, 200_000] },
    { blockBytes: 256, sizes: [100, 5000, 200_000, 1_000_000] },
    { blockBytes: 1024, sizes: [100, 5000, 200_000, 1_000_000] },
  ])(
    "uploads of $sizes bytes in blocks of $blockBytes reach the store once",
    async ({ blockBytes, sizes }) => {
      await using network = await TestNetwork.start(FLEET)
      const uploads = sizes.map((size, index) => ({ ip: `192.168.1.${2 + index}`, size, ...surveyOf(size) }))
      for (const { ip, size, text } of uploads) {
        const file = await network.write(`${size}.txt`, text)
        const answer = await putFile(`${network.uploads}/${ip}/${DAY}`, file, "-b", String(blockBytes))
        expect(answer).toBe("Surveys arrived")
      }
      await network.collect()
      for (const { ip, lines } of uploads) network.expectStored(ip, lines)
    },
    SLOW_MS,
  )

  test("the day is yesterday where the path does not name it", async () => {
    await using network = await TestNetwork.start(FLEET)
    const { text, lines } = surveyOf(5000)
    expect(await putFile(`${network.uploads}/192.168.1.2`, await network.write("survey.txt", text))).toBe(
      "Surveys arrived",
    )
    await network.collect()
    network.expectStored("192.168.1.2", lines)
  })

  test.skipIf(!bindsWholeLoopback())("the device is the sender where the path does not name it", async () => {
    await using network = await TestNetwork.start(FLEET)
    const uploads = [100, 5000].map((size, index) => ({ ip: `192.168.1.${2 + index}`, size, ...surveyOf(size) }))
    for (const { ip, size, text } of uploads) {
      const file = await network.write(`${size}.txt`, text)
      expect(await putFile(network.uploads, file, "-a", bindAddress(ip, "simulated"))).toBe("Surveys arrived")
    }
    await network.collect()
    for (const { ip, lines } of uploads) network.expectStored(ip, lines)
  })

  test(
    "uploads of 100 and 5000 bytes whose datagrams are lost reach the store once",
    async () => {
      await using network = await TestNetwork.start(FLEET)
      const uploads = [
        { ip: "192.168.1.2", size: 100, lost: "1", ...surveyOf(100) },
        { ip: "192.168.1.3", size: 5000, lost: "1", ...surveyOf(5000) },
        { ip: "192.168.1.4", size: 5000, lost: "3", ...surveyOf(5000) },
        { ip: "192.168.1.5", size: 5000, lost: "5", ...surveyOf(5000) },
      ]
      const answers = uploads.map(async ({ ip, size, lost, text }) => {
        const file = await network.write(`${ip}.${size}.txt`, text)
        return putFile(`${network.uploads}/${ip}/${DAY}`, file, "-l", lost)
      })
      expect(new Set(await Promise.all(answers))).toEqual(new Set(["Surveys arrived"]))
      await network.collect()
      for (const { ip, lines } of uploads) network.expectStored(ip, lines)
    },
    SLOW_MS,
  )

  test("non-confirmable uploads reach the store once", async () => {
    await using network = await TestNetwork.start(FLEET)
    const { text, lines } = surveyOf(5000)
    const file = await network.write("survey.txt", text)
    expect(await putFile(`${network.uploads}/192.168.1.2/${DAY}`, file, "-N")).toBe("Surveys arrived")
    await network.collect()
    network.expectStored("192.168.1.2", lines)
  })

  test("refusals show their code and say why", async () => {
    await using network = await TestNetwork.start(FLEET)
    const small = await network.write("small.txt", surveyOf(100).text)
    const large = await network.write("large.txt", surveyOf(5000).text)
    const { uploads } = network
    for (const file of [small, large]) {
      expect(await putFile(`${uploads}/192.168.1.99/${DAY}`, file)).toBe("4.03 192.168.1.99 is not a declared device")
      expect(await putFile(`${uploads}/192.168.1.2/1970-01-01`, file)).toBe("4.00 1970-01-01 is too long ago")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-t", "50")).toStartWith("4.15 ")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-m", "post")).toStartWith("4.05 ")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-O", "13,x")).toBe("4.02 Option 13 is not supported")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-O", "9,x")).toBe("4.02 Failed to decode COSE")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-A", "50")).toBe("4.06 Accept must be 0: it is 50")
      const toProxy = await putFile(`${uploads}/192.168.1.2/${DAY}`, file, "-O", "35,coap://elsewhere/")
      expect(toProxy).toBe("5.05 This is no proxy")
      expect(await putFile(`${uploads}/192.168.1.2/${DAY}?digest=1&digest=2`, file)).toBe("4.00 digest is given twice")
      expect(await putFile(uploads.replace("surveys", "readings"), file)).toStartWith("4.04")
    }
    expect(await putFile(`${uploads}/192.168.1.2/${DAY}`, large, "-b", "3,64")).toBe("4.08 Begin again with block 0")
    await network.collect()
    expect(network.stored("192.168.1.2")).toEqual([])
  })

  test("what there is here is told, in blocks where they are wanted", async () => {
    await using network = await TestNetwork.start(FLEET)
    const url = network.uploads.replace("surveys", ".well-known/core")
    const links = await getText(url, "-A", "40")
    expect(links).toMatch(/^<\/surveys>;rt="surveys";ct="0 110";title="[^"]+",<\/missing>;.+,<\/owed>;.+"\s*$/)
    expect(await getText(url, "-b", "32")).toBe(links)
    expect(await getText(`${url}?rt=surveys`)).toBe(links)
  })

  test("why nothing comes is taken in blocks", async () => {
    await using network = await TestNetwork.start(FLEET)
    const file = await network.write("reason.txt", "the probe is out of the ground")
    const url = `${network.uploads.replace("surveys", "missing")}/192.168.1.2/${DAY}`
    expect(await putFile(url, file, "-b", "16")).toBe("")
    expect(await network.collect()).toMatchObject({ complete: false })
  })

  test.skipIf(!bindsWholeLoopback())("a device may not speak for another", async () => {
    await using network = await TestNetwork.start(FLEET)
    const file = await network.write("survey.txt", surveyOf(100).text)
    const answer = await putFile(
      `${network.uploads}/192.168.1.3/${DAY}`,
      file,
      "-a",
      bindAddress("192.168.1.2", "simulated"),
    )
    expect(answer).toStartWith("4.03 ")
  })

  test("a survey over the limit is refused at its first block, with the limit as Size1", async () => {
    await using network = await TestNetwork.start(FLEET, 4096)
    const file = await network.write("survey.txt", surveyOf(5000).text)
    const conversation = await putFile(`${network.uploads}/192.168.1.2/${DAY}`, file, "-v", "7")
    expect(conversation).toMatch(/t:ACK c:4\.13 .*Size1:4096/)
    expect(conversation.match(/c:PUT .*Block1:/g)).toHaveLength(1)
  })
})
