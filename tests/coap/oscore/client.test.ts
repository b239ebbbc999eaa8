import { describe, expect, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { type Content, findOption, NO_BYTES, OptionNumber, uintOption } from "../../../src/coap/option"
import { bytes as byteString, readBytes } from "../../../src/coap/oscore/cbor"
import { type Exchange, OscoreClient, UnprovenAnswer } from "../../../src/coap/oscore/client"
import { deriveContext } from "../../../src/coap/oscore/context"
import { GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { bindingOf, objectOf, openRequest, protectResponse } from "../../../src/coap/oscore/message"
import { say, textOf } from "../../../src/coap/resource"
import { TOMATOES } from "../../fixtures"
import { Asked, clientOf, GATEWAY, MASTER_SECRET, seeded, serverOf, survey, Wire } from "./ends"

/** A server that is the test: it opens requests as any reader of the RFC would, and answers as it is told. */
class Script implements Exchange {
  readonly asked: Content[] = []
  readonly kidContexts: (string | undefined)[] = []
  readonly numbers: string[] = []

  constructor(private readonly answers: ((request: Content, message: Content) => Content)[]) {}

  async request(_peer: unknown, message: Content): Promise<Content> {
    const { context, binding, object } = read(message)
    const request = openRequest(context, binding, message)
    if (!request) throw new Error("it does not open")
    this.asked.push(request)
    this.kidContexts.push(object.kidContext?.toHex())
    this.numbers.push(binding.partialIv.toHex())
    const answer = this.answers.shift()
    if (!answer) throw new Error("nothing more was expected")
    return answer(request, message)
  }
}

function read(message: Content) {
  const object = objectOf(message)
  if (!object || object === "none" || !object.partialIv || !object.kid) throw new Error("it is not protected")
  const idContext = object.kidContext && readBytes(object.kidContext)
  const context = deriveContext({
    masterSecret: MASTER_SECRET,
    idContext,
    senderId: GATEWAY_ID,
    recipientId: idOf(TOMATOES),
  })
  return { object, context, binding: bindingOf(object.kid, object.partialIv) }
}

const protect =
  (response: Partial<Content>, extras = {}) =>
  (_request: Content, message: Content): Content => {
    const { context, binding } = read(message)
    return protectResponse(
      context,
      binding,
      { code: Code.Changed, options: [], payload: NO_BYTES, ...response },
      extras,
    )
  }

const ECHO = Uint8Array.of(1, 2, 3)
const challenge = { code: Code.Unauthorized, options: [{ number: OptionNumber.Echo, value: ECHO }] }
const echoOf = ({ options }: Content): Uint8Array | undefined => findOption(options, OptionNumber.Echo)?.value

describe("request()", () => {
  test("names R1 as a byte string in the first message and counts from 0 (Appendix B.2)", async () => {
    const script = new Script([protect({}), protect({})])
    const client = clientOf(script, MASTER_SECRET, () => new Uint8Array(8).fill(0xab))
    await client.request(GATEWAY, survey("one"))
    await client.request(GATEWAY, survey("two"))
    expect(script.kidContexts).toEqual(["48abababababababab", "48abababababababab"])
    expect(script.numbers).toEqual(["00", "01"])
  })

  test("sends the same request again with the Echo that it got, and then no more (RFC 9175 §2.3)", async () => {
    const script = new Script([protect(challenge, { sequenceNumber: 5 }), protect({}), protect({})])
    const client = clientOf(script)
    expect((await client.request(GATEWAY, survey("one"))).code).toBe(Code.Changed)
    await client.request(GATEWAY, survey("two"))
    expect(script.asked.map(echoOf)).toEqual([undefined, ECHO, undefined])
    expect(script.numbers).toEqual(["00", "01", "02"])
  })

  test("echoes in its next request what came with another answer", async () => {
    const script = new Script([protect({ options: challenge.options }), protect({})])
    const client = clientOf(script)
    await client.request(GATEWAY, survey("one"))
    await client.request(GATEWAY, survey("two"))
    expect(script.asked.map(echoOf)).toEqual([undefined, ECHO])
  })

  test("gives up on a server that asks for one proof after another", async () => {
    const script = new Script(Array.from({ length: 9 }, () => protect(challenge)))
    await expect(clientOf(script).request(GATEWAY, survey("one"))).rejects.toThrow("one proof after another")
    expect(script.asked.length).toBeLessThan(6)
  })

  test("takes a 4.01 without Echo for the server's word", async () => {
    const script = new Script([protect({ code: Code.Unauthorized, payload: new TextEncoder().encode("no") })])
    const answer = await clientOf(script).request(GATEWAY, survey("one"))
    expect([answer.code, textOf(answer)]).toEqual([Code.Unauthorized, "no"])
  })

  const answers: [name: string, answer: (request: Content, message: Content) => Content, says: string][] = [
    ["2.04 in plain", () => ({ options: [], payload: NO_BYTES, code: Code.Changed }), "without this device's key"],
    [
      "an error of OSCORE",
      () => ({
        options: [uintOption(OptionNumber.MaxAge, 0)],
        ...say(Code.BadRequest, "Decryption failed"),
        payload: new TextEncoder().encode("Decryption failed"),
      }),
      "Decryption failed",
    ],
    [
      "an answer that was changed",
      (request, message) => {
        const answer = protect({})(request, message)
        return { ...answer, payload: answer.payload.map((byte) => byte ^ 1) }
      },
      "not protected with this device's key",
    ],
    [
      "an option that fails to decode",
      (request, message) => ({
        ...protect({})(request, message),
        options: [{ number: OptionNumber.Oscore, value: Uint8Array.of(0xff) }],
      }),
      "fails to decode",
    ],
    [
      "a context that is proposed without the key",
      (request, message) => {
        const answer = protect({ code: Code.Unauthorized }, { kidContext: byteString(new Uint8Array(16)) })(
          request,
          message,
        )
        return answer
      },
      "not protected with this device's key",
    ],
    [
      "a context of too few random bytes",
      (request, message) =>
        protect({ code: Code.Unauthorized }, { kidContext: byteString(new Uint8Array(7)) })(request, message),
      "proposes no context",
    ],
  ]
  for (const [name, answer, says] of answers) {
    test(`rejects with UnprovenAnswer: ${name}`, async () => {
      const client = clientOf(new Script([answer]))
      const failure = await client.request(GATEWAY, survey("one")).catch((error) => error)
      expect(failure).toBeInstanceOf(UnprovenAnswer)
      expect(failure.message).toContain(says)
    })
  }

  test("takes no answer to another request", async () => {
    const asked = new Asked()
    const wire = new Wire(serverOf(asked))
    const client = clientOf(wire)
    await client.request(GATEWAY, survey("one"))
    const before = wire.messages.at(-1)?.response
    wire.onTheWay = (message, isRequest) => (isRequest ? message : (before ?? message))
    await expect(client.request(GATEWAY, survey("two"))).rejects.toThrow("not protected with this device's key")
  })

  test("begins anew when its numbers are used up, and uses none beyond", async () => {
    const script = new Script([protect({}), protect({}), protect({})])
    const [senderId, recipientId] = [idOf(TOMATOES), GATEWAY_ID]
    const options = { masterSecret: MASTER_SECRET, senderId, recipientId, randomBytes: seeded(1), mostRequests: 2 }
    const client = new OscoreClient({ exchange: script, ...options })
    for (const text of ["one", "two", "three"]) await client.request(GATEWAY, survey(text))
    expect(script.numbers).toEqual(["00", "01", "00"])
    expect(new Set(script.kidContexts).size).toBe(2)
  })

  test("two starts share no context", async () => {
    const script = new Script([protect({}), protect({})])
    const randomBytes = seeded(3)
    await clientOf(script, MASTER_SECRET, randomBytes).request(GATEWAY, survey("one"))
    await clientOf(script, MASTER_SECRET, randomBytes).request(GATEWAY, survey("one"))
    expect(new Set(script.kidContexts).size).toBe(2)
  })
})

test("request() refuses IDs that are longer than a nonce has room for", async () => {
  const options = { masterSecret: MASTER_SECRET, senderId: new Uint8Array(8), recipientId: GATEWAY_ID }
  const client = new OscoreClient({ exchange: new Script([]), ...options, randomBytes: seeded(1) })
  await expect(client.request(GATEWAY, survey("one"))).rejects.toThrow("An ID has 7 bytes at most")
})
