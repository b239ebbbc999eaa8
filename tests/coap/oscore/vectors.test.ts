// RFC 8613 Appendix C, all of it, byte for byte and both ways.
import { describe, expect, test } from "bun:test"
import { open, seal } from "../../../src/coap/oscore/ccm"
import { decodeObject, encodeObject } from "../../../src/coap/oscore/compression"
import { deriveContext, infoOf, nonceOf, partialIv } from "../../../src/coap/oscore/context"
import {
  aadArrayOf,
  aadOf,
  bindingOf,
  objectOf,
  openRequest,
  openResponse,
  protectRequest,
  protectResponse,
} from "../../../src/coap/oscore/message"
import { decodeMessage, encodeMessage } from "../../../src/coap/udp/message"

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex)
const hex = (value: Uint8Array | undefined): string | undefined => value && Uint8Array.from(value).toHex()

const SECRET = bytes("0102030405060708090a0b0c0d0e0f10")
const SALT = bytes("9e7ca92223786340")
const ID_CONTEXT = bytes("37cbf3210017a2d3")

const WITH_SALT = { masterSecret: SECRET, masterSalt: SALT, senderId: bytes(""), recipientId: bytes("01") }
const WITHOUT_SALT = { masterSecret: SECRET, senderId: bytes("00"), recipientId: bytes("01") }
const WITH_ID_CONTEXT = { ...WITH_SALT, idContext: ID_CONTEXT }

const DERIVATIONS = [
  {
    name: "C.1 with a master salt",
    input: WITH_SALT,
    info: ["8540f60a634b657910", "854101f60a634b657910", "8540f60a6249560d"],
    senderKey: "f0910ed7295e6ad4b54fc793154302ff",
    recipientKey: "ffb14e093c94c9cac9471648b4f98710",
    commonIv: "4622d4dd6d944168eefb54987c",
    nonces: ["4622d4dd6d944168eefb54987c", "4722d4dd6d944169eefb54987c"],
  },
  {
    name: "C.2 without a master salt",
    input: WITHOUT_SALT,
    info: ["854100f60a634b657910", "854101f60a634b657910", "8540f60a6249560d"],
    senderKey: "321b26943253c7ffb6003b0b64d74041",
    recipientKey: "e57b5635815177cd679ab4bcec9d7dda",
    commonIv: "be35ae297d2dace910c52e99f9",
    nonces: ["bf35ae297d2dace910c52e99f9", "bf35ae297d2dace810c52e99f9"],
  },
  {
    name: "C.3 with an ID Context",
    input: WITH_ID_CONTEXT,
    info: [
      "85404837cbf3210017a2d30a634b657910",
      "8541014837cbf3210017a2d30a634b657910",
      "85404837cbf3210017a2d30a6249560d",
    ],
    senderKey: "af2a1300a5e95788b356336eeecd2b92",
    recipientKey: "e39a0c7c77b43f03b4b39ab9a268699f",
    commonIv: "2ca58fb85ff1b81c0b7181b85e",
    nonces: ["2ca58fb85ff1b81c0b7181b85e", "2da58fb85ff1b81d0b7181b85e"],
  },
]

describe("deriveContext()", () => {
  for (const { name, input, info, senderKey, recipientKey, commonIv, nonces } of DERIVATIONS) {
    test(`${name}, the client's and the server's`, () => {
      const { senderId, recipientId, idContext } = { idContext: undefined, ...input }
      expect(hex(infoOf(senderId, idContext, "Key"))).toBe(info[0])
      expect(hex(infoOf(recipientId, idContext, "Key"))).toBe(info[1])
      expect(hex(infoOf(bytes(""), idContext, "IV"))).toBe(info[2])
      const client = deriveContext(input)
      const server = deriveContext({ ...input, senderId: recipientId, recipientId: senderId })
      expect([client.senderKey, client.recipientKey, client.commonIv].map(hex)).toEqual([
        senderKey,
        recipientKey,
        commonIv,
      ])
      expect([server.senderKey, server.recipientKey, server.commonIv].map(hex)).toEqual([
        recipientKey,
        senderKey,
        commonIv,
      ])
      const zero = partialIv(0)
      for (const context of [client, server]) {
        expect([nonceOf(context, senderId, zero), nonceOf(context, recipientId, zero)].map(hex)).toEqual(nonces)
      }
    })
  }
})

const REQUESTS = [
  {
    name: "C.4",
    input: WITH_SALT,
    kidContext: undefined,
    plain: "44015d1f00003974396c6f63616c686f737483747631",
    externalAad: "8501810a40411440",
    aad: "8368456e63727970743040488501810a40411440",
    nonce: "4622d4dd6d944168eefb549868",
    option: "0914",
    ciphertext: "612f1092f1776f1c1668b3825e",
    message: "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
  },
  {
    name: "C.5",
    input: WITHOUT_SALT,
    kidContext: undefined,
    plain: "440171c30000b932396c6f63616c686f737483747631",
    externalAad: "8501810a4100411440",
    aad: "8368456e63727970743040498501810a4100411440",
    nonce: "bf35ae297d2dace910c52e99ed",
    option: "091400",
    ciphertext: "4ed339a5a379b0b8bc731fffb0",
    message: "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
  },
  {
    name: "C.6",
    input: WITH_ID_CONTEXT,
    kidContext: ID_CONTEXT,
    plain: "44012f8eef9bbf7a396c6f63616c686f737483747631",
    externalAad: "8501810a40411440",
    aad: "8368456e63727970743040488501810a40411440",
    nonce: "2ca58fb85ff1b81c0b7181b84a",
    option: "19140837cbf3210017a2d3",
    ciphertext: "72cd7273fd331ac45cffbe55c3",
    message: "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3",
  },
]
const PLAINTEXT = "01b3747631"
const SEQUENCE_NUMBER = 20

describe("protectRequest() and openRequest()", () => {
  for (const { name, input, kidContext, plain, externalAad, aad, nonce, option, ciphertext, message } of REQUESTS) {
    test(name, () => {
      const client = deriveContext(input)
      const server = deriveContext({ ...input, senderId: input.recipientId, recipientId: input.senderId })
      const header = decodeMessage(bytes(plain))
      const made = protectRequest(client, SEQUENCE_NUMBER, header, kidContext)
      const { binding } = made
      expect(hex(aadArrayOf(binding))).toBe(externalAad)
      expect(hex(aadOf(binding))).toBe(aad)
      expect(hex(nonceOf(client, client.senderId, binding.partialIv))).toBe(nonce)
      expect(hex(seal(client.senderKey, bytes(nonce), bytes(aad), bytes(PLAINTEXT)))).toBe(ciphertext)
      expect(hex(open(client.senderKey, bytes(nonce), bytes(aad), bytes(ciphertext)))).toBe(PLAINTEXT)
      const object = { partialIv: binding.partialIv, kid: client.senderId, kidContext }
      expect(hex(encodeObject(object))).toBe(option)
      expect(decodeObject(bytes(option))).toEqual(object)
      expect(hex(encodeMessage({ ...header, ...made.message }))).toBe(message)

      const arrived = decodeMessage(bytes(message))
      expect(objectOf(arrived)).toEqual(object)
      const opened = openRequest(server, binding, arrived)
      expect(opened && hex(encodeMessage({ ...arrived, ...opened }))).toBe(plain)
    })
  }
})

const RESPONSES = [
  {
    name: "C.7 with the request's nonce",
    sequenceNumber: undefined,
    nonce: "4622d4dd6d944168eefb549868",
    option: "",
    ciphertext: "dbaad1e9a7e7b2a813d3c31524378303cdafae119106",
    message: "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106",
  },
  {
    name: "C.8 with a Partial IV of its own",
    sequenceNumber: 0,
    nonce: "4722d4dd6d944169eefb54987c",
    option: "0100",
    ciphertext: "4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
    message: "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
  },
]
const PLAIN_RESPONSE = "64455d1f00003974ff48656c6c6f20576f726c6421"
const RESPONSE_PLAINTEXT = "45ff48656c6c6f20576f726c6421"
const RESPONSE_AAD = "8368456e63727970743040488501810a40411440"

describe("protectResponse() and openResponse()", () => {
  for (const { name, sequenceNumber, nonce, option, ciphertext, message } of RESPONSES) {
    test(name, () => {
      const client = deriveContext(WITH_SALT)
      const server = deriveContext({ ...WITH_SALT, senderId: WITH_SALT.recipientId, recipientId: WITH_SALT.senderId })
      const binding = bindingOf(client.senderId, partialIv(SEQUENCE_NUMBER))
      const header = decodeMessage(bytes(PLAIN_RESPONSE))
      expect(hex(aadOf(binding))).toBe(RESPONSE_AAD)
      expect(hex(seal(server.senderKey, bytes(nonce), bytes(RESPONSE_AAD), bytes(RESPONSE_PLAINTEXT)))).toBe(ciphertext)
      const made = protectResponse(server, binding, header, sequenceNumber === undefined ? {} : { sequenceNumber })
      expect(hex(made.options[0]?.value)).toBe(option)
      expect(hex(encodeMessage({ ...header, ...made }))).toBe(message)

      const arrived = decodeMessage(bytes(message))
      const object = objectOf(arrived)
      if (object === undefined || object === "none") throw new Error("The option fails to decode")
      const opened = openResponse(client, binding, object, arrived)
      expect(opened && hex(encodeMessage({ ...arrived, ...opened }))).toBe(PLAIN_RESPONSE)
    })
  }
})
