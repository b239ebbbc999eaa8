import { expect, test } from "bun:test"
import { FuzzPeer } from "./peer"

const ADDRESS = "127.0.0.1"
const REQUEST = Uint8Array.of(0x40, 0x03, 0, 7, 0xff, 1, 2, 3, 4, 5, 6, 7)
const ANSWER = Uint8Array.of(0x60, 0x44, 0, 7, 0xff, 1)

/** A gateway that answers a datagram with what it is told, and peers that tell what was wrong. */
async function bench(answer: Uint8Array) {
  const gateway = await Bun.udpSocket({
    hostname: ADDRESS,
    socket: { data: (socket, { length }, port, address) => void (length > 4 && socket.send(answer, port, address)) },
  })
  const open = async (firstId: number, former?: FuzzPeer) => {
    const answered = Promise.withResolvers<void>()
    const wrong: string[] = []
    const peer = await FuzzPeer.open({
      ...{ address: ADDRESS, gateway: { address: ADDRESS, port: gateway.port }, firstId, isText: false },
      onWrong: (text) => void wrong.push(text),
      formerAt() {
        answered.resolve()
        return former
      },
    })
    return { peer, wrong, answered: answered.promise }
  }
  return { open, [Symbol.dispose]: () => gateway.close() }
}

test.each([
  ["an answer to nobody's message is wrong", false],
  ["an answer that came too late for the port's former owner is judged as that one's", true],
] as const)("%s", async (_name, isKnown) => {
  using gateway = await bench(ANSWER)
  const former = await gateway.open(7)
  former.peer.send([REQUEST])
  await former.answered
  former.peer.close()
  const { peer, wrong, answered } = await gateway.open(1000, isKnown ? former.peer : undefined)
  peer.send([REQUEST])
  await answered
  await new Promise(setImmediate)
  expect(wrong).toEqual(isKnown ? [] : [`an answer of 6 bytes to 0: ${ANSWER.toHex()}`])
  expect(former.wrong).toEqual([])
  peer.close()
})

test.each([
  ["and nothing else", Uint8Array.of(...ANSWER, 2, 3, 4, 5, 6, 7, 8)],
  ["though it is malformed too", Uint8Array.of(0x70, 0, 0, 7, ...new Uint8Array(9))],
])("an answer longer than its request is that %s, whoever sent it", async (_name, answer) => {
  using gateway = await bench(answer)
  const { peer, wrong, answered } = await gateway.open(7)
  peer.send([REQUEST])
  await answered
  await new Promise(setImmediate)
  expect(wrong).toContain(`an answer of 13 bytes to 12: ${answer.toHex()}`)
  peer.close()
})
