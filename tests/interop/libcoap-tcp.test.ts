// libcoap's client as a gateway: it delivers to our cloud over TCP (RFC 8323).
import { expect, test } from "bun:test"
import { putFile } from "./libcoap"
import { DAY, TestNetwork } from "./network"
import { describeWith } from "./peers"
import { surveyOf } from "./surveys"

const FLEET = [{ ip: "192.168.1.2-192.168.1.20" }]
const LARGEST_LIMIT_BYTES = 16 * 1024 ** 2 // that a topology may set

describeWith(["coap-client"], "libcoap's client and our cloud", () => {
  // our Max-Message-Size of 4096 makes it send the larger ones in BERT blocks (RFC 8323 §6)
  test.each([100, 5000, 200_000])("a delivery of %d bytes is in the store once", async (size) => {
    await using network = await TestNetwork.start(FLEET)
    const { text, lines } = surveyOf(size)
    const url = `${network.deliveries}/192.168.1.2/${DAY}`
    expect(await putFile(url, await network.write("survey.txt", text))).toBe("Surveys received")
    network.expectStored("192.168.1.2", lines)
  })

  test.each(["64", "1024"])("a delivery in blocks of %s bytes is in the store once", async (blockBytes) => {
    await using network = await TestNetwork.start(FLEET)
    const { text, lines } = surveyOf(5000)
    const file = await network.write("survey.txt", text)
    expect(await putFile(`${network.deliveries}/192.168.1.2/${DAY}`, file, "-b", blockBytes)).toBe("Surveys received")
    network.expectStored("192.168.1.2", lines)
  })

  test("refusals show their code and say why", async () => {
    await using network = await TestNetwork.start(FLEET)
    const small = await network.write("small.txt", surveyOf(100).text)
    const large = await network.write("large.txt", "\n".repeat(LARGEST_LIMIT_BYTES + 1))
    const { deliveries } = network
    const elsewhere = deliveries.replace("greenhouse", "elsewhere")
    expect(await putFile(`${elsewhere}/192.168.1.2/${DAY}`, small)).toBe("4.03 elsewhere is not a site of this cloud")
    expect(await putFile(`${deliveries}/192.168.1.2/2026-02-30`, small)).toStartWith("4.00 ")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}`, small, "-m", "get")).toStartWith("4.05 ")
    expect(await putFile(`${deliveries}/192.168.1.2`, small)).toStartWith("4.04 ")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}`, small, "-t", "50")).toStartWith("4.15 ")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}`, small, "-A", "50")).toStartWith("4.06 ")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}`, small, "-O", "35,coap://elsewhere/")).toStartWith("5.05 ")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}?zone=UTC&zone=UTC`, small)).toStartWith("4.00 zone is")
    expect(await putFile(`${deliveries}/192.168.1.2/${DAY}`, large)).toStartWith("4.13 ")
    expect(network.stored("192.168.1.2")).toEqual([])
  })
})
