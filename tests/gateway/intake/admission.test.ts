import { expect, test } from "bun:test"
import { Admission } from "../../../src/gateway/intake/admission"
import { formatAddress } from "../../../src/topology/address"
import { seededRandom, settle, VirtualClock } from "../../virtual-clock"

const A_TURN = 1024
const DEVICES = 0x0a00_0002 // 10.0.0.2 and the next ones are declared
const STRANGERS = 0xc0a8_0001

const device = (nth: number): string => formatAddress(DEVICES + nth)
const stranger = (nth: number): string => formatAddress(STRANGERS + nth)

function bench(perAddress = 2000, overall = 200_000) {
  const handled: string[] = []
  const warned: string[] = []
  const admission = new Admission({
    perSecond: { perAddress, overall },
    senders: { maySpeak: (address) => address.startsWith("10.") },
    clock: new VirtualClock(),
    random: seededRandom(1),
    handle: (_datagram, { address }) => void handled.push(address),
    warn: (text) => void warned.push(text),
  })
  /** @param addressOf of the nth datagram */
  const receive = (count: number, addressOf: (nth: number) => string, bytes = 100) => {
    for (let nth = 0; nth < count; nth++) admission.take(new Uint8Array(bytes), { address: addressOf(nth), port: 1 })
  }
  return { handled, warned, admission, receive }
}

const TOO_FAST = "sends faster than limits.perPeer.datagramsPerSecond: datagrams are dropped"
const TOO_MANY = "Datagrams come faster than this machine can take them: some are dropped"

test("declared devices go before everybody else, whoever came first", async () => {
  const { handled, receive } = bench()
  receive(A_TURN + 500, stranger)
  receive(20, device)
  expect(handled).toHaveLength(A_TURN)
  await settle()
  expect(handled.slice(A_TURN)).toEqual([
    ...Array.from({ length: 20 }, (_, nth) => device(nth)),
    ...Array.from({ length: 500 }, (_, nth) => stranger(A_TURN + nth)),
  ])
})

test("strangers, however many, take nothing of what declared devices may send", () => {
  const { handled, receive } = bench(10, 100)
  receive(1000, stranger)
  expect(handled).toHaveLength(100)
  receive(110, (nth) => device(nth % 11))
  expect(handled.slice(100)).toEqual(Array.from({ length: 100 }, (_, nth) => device(nth % 11)))
})

test("an address that sends too fast is dropped and named once, on either side", () => {
  const { handled, warned, receive } = bench(10)
  for (const address of [device(0), stranger(0)]) receive(50, () => address)
  expect(handled).toEqual([...new Array(10).fill(device(0)), ...new Array(10).fill(stranger(0))])
  expect(warned).toEqual([`${device(0)} ${TOO_FAST}`, `${stranger(0)} ${TOO_FAST}`])
})

test("one device that sends much and large keeps the others neither waiting nor out", async () => {
  const { handled, warned, receive } = bench()
  receive(A_TURN, stranger)
  receive(200, () => device(0), 60_000)
  expect(warned).toEqual([TOO_MANY])
  receive(20, (nth) => device(1 + nth))
  await settle()
  const others = Array.from({ length: 20 }, (_, nth) => device(1 + nth))
  expect(handled.slice(A_TURN, A_TURN + 22)).toEqual([device(0), ...others, device(0)])
  expect(handled.filter((address) => address === device(0)).length).toBeGreaterThan(100)
})

test("what waits is forgotten when it is stopped", async () => {
  const { handled, admission, receive } = bench()
  receive(A_TURN + 500, device)
  admission.stop()
  await settle()
  expect(handled).toHaveLength(A_TURN)
})
