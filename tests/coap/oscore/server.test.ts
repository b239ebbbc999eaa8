import { describe, expect, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { type Content, findOption, NO_BYTES, OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { bytes as byteString } from "../../../src/coap/oscore/cbor"
import { UnprovenAnswer } from "../../../src/coap/oscore/client"
import { deriveContext, partialIv } from "../../../src/coap/oscore/context"
import { GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { type Binding, objectOf, openResponse, protectRequest } from "../../../src/coap/oscore/message"
import { say, textOf } from "../../../src/coap/resource"
import { HERBS, TOMATOES } from "../../fixtures"
import { Asked, arriving, clientOf, GATEWAY, keysOf, MASTER_SECRET, serverOf, survey, Wire } from "./ends"

const DEVICE_ID = idOf(TOMATOES)

/** A device with a context that it never derives anew. */
const fixed = deriveContext({ masterSecret: MASTER_SECRET, senderId: DEVICE_ID, recipientId: GATEWAY_ID })

function opened(binding: Binding, response: Content): Content {
  const object = objectOf(response)
  if (!object || object === "none") throw new Error(`not protected: ${textOf(response)}`)
  const content = openResponse(fixed, binding, object, response)
  if (!content) throw new Error("it does not verify")
  return content
}

const maxAgeOf = ({ options }: Content): Uint8Array | undefined => findOption(options, OptionNumber.MaxAge)?.value

/** An error of OSCORE itself: in plain, for no cache, and nothing else. */
function expectError(response: Content, code: number, text: string): void {
  expect([response.code, textOf(response)]).toEqual([code, text])
  expect(response.options.map(({ number }) => number)).toEqual([OptionNumber.MaxAge])
  expect(maxAgeOf(response)).toEqual(NO_BYTES)
}

describe("with a context that is derived anew (RFC 8613 Appendix B.2)", () => {
  test("handle() takes a first request at the price of one exchange more, and the next ones at none", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    const client = clientOf(wire)
    expect(textOf(await client.request(GATEWAY, survey("one")))).toBe("Survey arrived")
    expect(wire.messages).toHaveLength(2)
    await client.request(GATEWAY, survey("two"))
    expect(wire.messages).toHaveLength(3)
    expect(asked.bodies).toEqual(["one", "two"])
    expect(wire.book.reused).toEqual([])
    expect(wire.book.size).toBe(6)
  })

  test("handle() tells the handler whose key it was, and what was inside", async () => {
    const asked = new Asked()
    await clientOf(new Wire(serverOf(asked))).request(GATEWAY, survey("one"))
    const [request] = asked.requests
    expect(request).toMatchObject({ code: Code.Put, address: "192.168.1.2", protectedBy: TOMATOES })
    expect(request?.endpoint).toBe("192.168.1.2:oscore")
    expect(request?.options.map(({ number }) => number)).toEqual([OptionNumber.UriPath, OptionNumber.UriPath])
  })

  test("what travels is 0.02 and 2.04 with nothing but the OSCORE option outside", async () => {
    const wire = new Wire(serverOf(new Asked()))
    await clientOf(wire).request(GATEWAY, survey("one"))
    for (const { request, response } of wire.messages) {
      expect([request.code, response.code]).toEqual([Code.Post, Code.Changed])
      for (const { options } of [request, response])
        expect(options.map(({ number }) => number)).toEqual([OptionNumber.Oscore])
    }
  })

  test("handle() takes no request twice, in whatever order they come", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    const client = clientOf(wire)
    for (let nth = 0; nth < 40; nth++) await client.request(GATEWAY, survey(`${nth}`))
    const captured = wire.messages.map(({ request }) => request)
    // the very first is of a context that was never established: it is answered with a challenge, which helps nobody
    for (const request of captured.slice(1).reverse()) {
      expectError(await wire.deliver(request), Code.Unauthorized, "Replay detected")
    }
    const [first] = captured
    if (!first) throw new Error("nothing was captured")
    expect(objectOf(await wire.deliver(first))).toMatchObject({ kidContext: expect.any(Uint8Array) })
    expect(asked.bodies).toHaveLength(40)
  })

  test("handle() of a new process takes nothing that an old one took", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    const client = clientOf(wire)
    for (let nth = 0; nth < 3; nth++) await client.request(GATEWAY, survey(`${nth}`))
    const captured = wire.messages.map(({ request }) => request)
    wire.server = serverOf(asked, { randomBytes: (length) => new Uint8Array(length).fill(9) })
    for (const request of captured) {
      const object = objectOf(await wire.deliver(request))
      expect(object).toMatchObject({ kidContext: expect.any(Uint8Array) })
    }
    expect(asked.bodies).toEqual(["0", "1", "2"])
    // and the device goes on, at the price of one exchange more
    await client.request(GATEWAY, survey("3"))
    expect(asked.bodies).toEqual(["0", "1", "2", "3"])
    expect(wire.book.reused).toEqual([])
  })

  test("handle() takes an answer to a challenge once, also when its device has made another context since", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    await clientOf(wire).request(GATEWAY, survey("one"))
    const second = wire.messages[1]?.request
    await clientOf(wire, MASTER_SECRET, (length) => new Uint8Array(length).fill(7)).request(GATEWAY, survey("two"))
    if (!second) throw new Error("there is no second request")
    await wire.deliver(second)
    expect(asked.bodies).toEqual(["one", "two"])
  })

  test("handle() that has forgotten a device takes nothing of it again, and asks it for a new context", async () => {
    const asked = new Asked()
    const keys = { epochOf: () => 1, secretOf: () => MASTER_SECRET }
    const wire = new Wire(serverOf(asked, { keys, mostPeers: 1 }))
    const client = clientOf(wire)
    await client.request(GATEWAY, survey("one"))
    const captured = wire.messages.map(({ request }) => request)
    const other = clientOf(wire, MASTER_SECRET, (length) => new Uint8Array(length).fill(5))
    Object.assign(other, { options: { ...Reflect.get(other, "options"), senderId: idOf(HERBS) } })
    await other.request(GATEWAY, survey("of herbs"))
    for (const request of captured) await wire.deliver(request)
    expect(asked.bodies).toEqual(["one", "of herbs"])
    await client.request(GATEWAY, survey("two"))
    expect(asked.bodies).toEqual(["one", "of herbs", "two"])
  })

  test("handle() ends a context with its key's epoch", async () => {
    const asked = new Asked()
    let epoch = 1
    const keys = { epochOf: () => epoch, secretOf: () => MASTER_SECRET.map((byte) => byte + epoch) }
    const wire = new Wire(serverOf(asked, { keys }))
    const client = clientOf(wire, keys.secretOf())
    await client.request(GATEWAY, survey("one"))
    epoch = 2
    await expect(client.request(GATEWAY, survey("two"))).rejects.toThrow(UnprovenAnswer)
    expect(asked.bodies).toEqual(["one"])
  })

  test("handle() protects what the handler refuses", async () => {
    const asked = new Asked()
    asked.answer = () => say(Code.Forbidden, "no")
    const wire = new Wire(serverOf(asked))
    const answer = await clientOf(wire).request(GATEWAY, survey("one"))
    expect([answer.code, textOf(answer)]).toEqual([Code.Forbidden, "no"])
    const unsupported = { ...survey("one"), options: [{ number: 2049, value: NO_BYTES }] }
    expect((await clientOf(wire).request(GATEWAY, unsupported)).code).toBe(Code.BadOption)
    expect((await clientOf(wire).request(GATEWAY, { ...survey(""), code: 7 })).code).toBe(Code.MethodNotAllowed)
  })

  test("handle() answers with no more bytes than it was asked with", async () => {
    const asked = new Asked()
    asked.answer = () => say(Code.BadRequest, "many words ".repeat(100), [uintOption(OptionNumber.MaxAge, 3)])
    const wire = new Wire(serverOf(asked))
    for (const words of ["", "some words", "a few more words, of which some fit into an answer"]) {
      await clientOf(wire, MASTER_SECRET, (length) => crypto.getRandomValues(new Uint8Array(length))).request(
        GATEWAY,
        survey(words),
      )
      const { request, response } = wire.messages.at(-1) ?? {}
      expect(sizeOf(response)).toBeLessThanOrEqual(sizeOf(request))
    }
  })

  test("handle() ignores options outside that belong inside", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    wire.onTheWay = ({ code, options, payload }, isRequest) => {
      const forged = [textOption(OptionNumber.UriPath, "forged"), uintOption(OptionNumber.Accept, 40)]
      return isRequest
        ? { code, options: [...options, ...forged].sort((a, b) => a.number - b.number), payload }
        : { code, options, payload }
    }
    await clientOf(wire).request(GATEWAY, survey("one"))
    expect(asked.requests[0]?.options).toEqual([...survey("").options])
  })
})

const sizeOf = (content: Content | undefined): number =>
  (content?.options ?? []).reduce((size, { value }) => size + 1 + value.length, 5 + (content?.payload.length ?? 0))

describe("errors (RFC 8613 §7.4, §8.2)", () => {
  const oscore = (value: string, payload = new Uint8Array(20)): Content => ({
    code: Code.Post,
    options: [{ number: OptionNumber.Oscore, value: Uint8Array.fromHex(value) }],
    payload,
  })
  const asked = new Asked()
  const strangers: string[] = []
  const onStranger = (sender: string, device: number) => strangers.push(`${sender} ${device}`)
  const wire = new Wire(serverOf(asked, { onStranger }))

  for (const [name, message] of [
    ["a reserved flag", oscore("e914c0a80102")],
    ["a Partial IV of 6 bytes", oscore("0e010203040506c0a80102")],
    ["a Partial IV that runs past the end", oscore("0b01")],
    ["no kid", oscore("0114")],
    ["no Partial IV", oscore("08c0a80102")],
    ["nothing in the option", oscore("")],
    ["a kid context that runs past the end", oscore("19142001")],
    ["no ciphertext", oscore("0914c0a80102", NO_BYTES)],
    [
      "two OSCORE options",
      { ...oscore("0914c0a80102"), options: [...oscore("0914c0a80102").options, ...oscore("").options] },
    ],
  ] as const) {
    test(`4.02 to ${name}`, async () => {
      expectError(await wire.deliver(message), Code.BadOption, "Failed to decode COSE")
    })
  }

  for (const [name, value] of [
    ["a kid that is no device with a key", "0914c0a80103"],
    ["a kid that is no address", "0914c0a8"],
    ["a kid context that is no byte string", "191403010203c0a80102"],
  ] as const) {
    test(`4.01 to ${name}`, async () => {
      expectError(await wire.deliver(oscore(value)), Code.Unauthorized, "Security context not found")
    })
  }

  test("4.00 to what no key opens, with a context that is new, fixed or established; and it is told whose it would be", async () => {
    strangers.length = 0
    expectError(await wire.deliver(oscore("0914c0a80102")), Code.BadRequest, "Decryption failed")
    expectError(await wire.deliver(oscore("191409480102030405060708c0a80102")), Code.BadRequest, "Decryption failed")
    await clientOf(wire).request(GATEWAY, survey("one"))
    const { request } = wire.messages.at(-1) ?? {}
    if (!request) throw new Error("nothing was sent")
    const [option] = request.options
    const forged = { ...request, options: [{ number: OptionNumber.Oscore, value: withPartialIv(option?.value, 9) }] }
    expectError(await wire.deliver(forged), Code.BadRequest, "Decryption failed")
    expect(strangers).toHaveLength(3)
    expect(strangers[0]).toBe(`127.168.1.2 ${TOMATOES}`)
    // the window is as it was: what is true still comes in
    expectError(await wire.deliver(request), Code.Unauthorized, "Replay detected")
  })

  test("4.01 comes before 4.00 where a Partial IV has come before (steps 3 and 6)", async () => {
    const { request } = wire.messages.findLast(({ response }) => objectOf(response) !== "none") ?? {}
    if (!request) throw new Error("nothing was sent")
    const forged = { ...request, payload: request.payload.map((byte) => byte ^ 1) }
    expectError(await wire.deliver(forged), Code.Unauthorized, "Replay detected")
  })

  test("a message without OSCORE is the handler's, in plain", async () => {
    const plain = await wire.deliver(survey("plain"))
    expect(objectOf(plain)).toBe("none")
    expect(asked.requests.at(-1)).toMatchObject({ address: "127.168.1.2" })
    expect(asked.requests.at(-1)?.protectedBy).toBeUndefined()
  })
})

const withPartialIv = (value: Uint8Array | undefined, piv: number): Uint8Array => {
  const changed = Uint8Array.from(value ?? [])
  changed[1] = piv
  return changed
}

describe("with a fixed context (RFC 8613 Appendix B.1.2)", () => {
  const send = (wire: Wire, sequenceNumber: number, text: string, echo?: Uint8Array) => {
    const content = survey(text)
    const options = echo ? [...content.options, { number: OptionNumber.Echo, value: echo }] : content.options
    const { message, binding } = protectRequest(fixed, sequenceNumber, { ...content, options })
    return { message, binding, answer: async () => opened(binding, await wire.deliver(message)) }
  }
  const echoOf = ({ options }: Content): Uint8Array | undefined => findOption(options, OptionNumber.Echo)?.value

  test("handle() answers the first request after a start with Echo alone and a number of its own, and takes the next", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked, { ownNumber: () => 77 }))
    const first = send(wire, 20, "one")
    const response = await wire.deliver(first.message)
    expect(objectOf(response)).toEqual({ partialIv: partialIv(77), kid: undefined, kidContext: undefined })
    const challenge = opened(first.binding, response)
    expect([challenge.code, challenge.payload, challenge.options.map(({ number }) => number)]).toEqual([
      Code.Unauthorized,
      NO_BYTES,
      [OptionNumber.Echo],
    ])
    expect((await send(wire, 21, "one", echoOf(challenge)).answer()).code).toBe(Code.Changed)
    expect(objectOf(wire.messages.at(-1)?.response ?? survey(""))).toEqual({})
    expect((await send(wire, 22, "two").answer()).code).toBe(Code.Changed)
    expect(asked.bodies).toEqual(["one", "two"])
    // the handler never hears of Echo: blocks of one survey have the same options
    expect(asked.requests[0]?.options).toEqual([...survey("").options])
    expect(wire.book.reused).toEqual([])
    // what came before the proof stays out
    for (const number of [0, 19, 20, 21, 22]) {
      expectError(await wire.deliver(send(wire, number, "old").message), Code.Unauthorized, "Replay detected")
    }
  })

  test("handle() takes nothing of yesterday after a start, with an old Echo or none", async () => {
    const asked = new Asked()
    let number = 0
    const ownNumber = () => number++
    const wire = new Wire(serverOf(asked, { ownNumber }))
    const challenge = await send(wire, 20, "one").answer()
    await send(wire, 21, "one", echoOf(challenge)).answer()
    await send(wire, 22, "two").answer()
    const captured = wire.messages.map(({ request }) => request)
    wire.server = serverOf(asked, { ownNumber, randomBytes: (length) => new Uint8Array(length).fill(3) })
    for (const request of captured) await wire.deliver(request)
    expect(asked.bodies).toEqual(["one", "two"])
    expect(wire.book.reused).toEqual([])
  })

  test("handle() that has no number of its own says 5.03 and takes nothing", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked, { ownNumber: () => undefined }))
    expect((await wire.deliver(send(wire, 20, "one").message)).code).toBe(Code.ServiceUnavailable)
    expect(asked.bodies).toEqual([])
  })

  test("handle() keeps a fixed context and a derived one of the same device apart", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    const client = clientOf(wire)
    await client.request(GATEWAY, survey("derived"))
    const challenge = await send(wire, 0, "fixed").answer()
    await send(wire, 1, "fixed", echoOf(challenge)).answer()
    await client.request(GATEWAY, survey("derived again"))
    expect(asked.bodies).toEqual(["derived", "fixed", "derived again"])
    expect(wire.book.reused).toEqual([])
  })
})

test("size counts devices that have proved their key, and nobody else", async () => {
  const server = serverOf(new Asked(), { keys: keysOf() })
  const wire = new Wire(server)
  const { message } = protectRequest(fixed, 0, survey("x"), byteString(new Uint8Array(8)))
  await server.handle(arriving({ ...message, payload: message.payload.map((byte) => byte ^ 1) }))
  expect(server.size).toBe(0)
  await clientOf(wire).request(GATEWAY, survey("one"))
  expect(server.size).toBe(1)
})
