// libcoap's client as a sensor that speaks SenML (RFC 8428): Content-Format 110, in one datagram and in blocks.
import { expect, test } from "bun:test"
import { bindAddress, bindsWholeLoopback } from "../../src/topology/addressing"
import { putFile } from "./libcoap"
import { DAY, TestNetwork } from "./network"
import { describeWith } from "./peers"

const FLEET = [{ ip: "192.168.1.2-192.168.1.20" }]
const MIDNIGHT = Temporal.PlainDate.from(DAY).toZonedDateTime("Europe/Rome").epochMilliseconds / 1000
const SENML = ["-t", "110"]

const readingOf = (minute: number) => [
  { n: "temperature", u: "Cel", t: minute * 60, v: minute / 100 },
  { n: "humidity", u: "%RH", t: minute * 60, v: minute / 20 },
]
const packOf = (minutes: number) =>
  JSON.stringify([
    { bn: "urn:dev:mac:0024befffe804ff1/", bt: MIDNIGHT },
    ...Array.from({ length: minutes }, (_, m) => readingOf(m)).flat(),
  ])
const linesOf = (minutes: number) =>
  Array.from({ length: minutes }, (_, m) => {
    const time = new Date(m * 60_000).toISOString().slice(11, 16)
    return `${time} - ${Math.round(m) / 100} - ${Math.round(m * 5) / 100}%`
  })

describeWith(["coap-client"], "libcoap's client, our gateway and SenML", () => {
  test("packs of one reading and of a whole day reach the store once", async () => {
    await using network = await TestNetwork.start(FLEET)
    const uploads = [1, 30, 1440].map((minutes, index) => ({ ip: `192.168.1.${2 + index}`, minutes }))
    for (const { ip, minutes } of uploads) {
      const file = await network.write(`${minutes}.json`, packOf(minutes))
      for (let time = 0; time < 2; time++) {
        expect(await putFile(`${network.uploads}/${ip}/${DAY}`, file, ...SENML)).toBe("Surveys arrived")
      }
    }
    await network.collect()
    for (const { ip, minutes } of uploads) network.expectStored(ip, linesOf(minutes))
  })

  test("blocks of 64 bytes and datagrams that are lost make no difference", async () => {
    await using network = await TestNetwork.start(FLEET)
    const file = await network.write("pack.json", packOf(60))
    const url = `${network.uploads}/192.168.1.2/${DAY}`
    expect(await putFile(url, file, ...SENML, "-b", "64", "-l", "3")).toBe("Surveys arrived")
    await network.collect()
    network.expectStored("192.168.1.2", linesOf(60))
  }, 15_000)

  test.skipIf(!bindsWholeLoopback())(
    "the sender is the device and its times tell the day where the path says neither",
    async () => {
      await using network = await TestNetwork.start(FLEET)
      const file = await network.write("pack.json", packOf(2))
      const answer = await putFile(network.uploads, file, ...SENML, "-a", bindAddress("192.168.1.3", "simulated"))
      expect(answer).toBe("Surveys arrived")
      await network.collect()
      network.expectStored("192.168.1.3", linesOf(2))
    },
  )

  test("what is refused is told with its record and the rule, and nothing of it is stored", async () => {
    await using network = await TestNetwork.start(FLEET)
    const url = `${network.uploads}/192.168.1.2/${DAY}`
    const refused = async (text: string, ...options: string[]) =>
      putFile(url, await network.write("pack.json", text), ...(options.length > 0 ? options : SENML))
    const pack = packOf(2)
    expect(await refused(pack.replace('"v":0.05', '"v":105'))).toBe(
      "4.00 Record 5: Humidity must be 0 to 100 %: it is 105",
    )
    expect(await refused(pack.replace("Cel", "Far"))).toBe(
      "4.00 Record 2: Unit must be Cel or K of a temperature: it is Far",
    )
    expect(await refused(pack.slice(1))).toBe("4.00 A SenML pack is a JSON list of records: this is none")
    expect(await refused(pack, "-t", "112")).toBe("4.15 Content-Format must be 0 or 110: it is 112")
    await network.collect()
    expect(network.stored("192.168.1.2")).toEqual([])
  })
})
