// Sound messages to begin from: what the network really says, and the corners of the format.
import { encodeBlock } from "../../../src/coap/block"
import { Code } from "../../../src/coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { encodeFrame, type Frame } from "../../../src/coap/tcp/frame"
import { encodeMessage, type Message, Type } from "../../../src/coap/udp/message"

const NONE = new Uint8Array(0)
const bytes = (count: number, byte: number) => new Uint8Array(count).fill(byte)
const ascii = (text: string) => new TextEncoder().encode(text)
const path = (...segments: string[]): Option[] => segments.map((segment) => textOption(OptionNumber.UriPath, segment))
const block1 = (number: number, more: boolean): Option => ({
  number: OptionNumber.Block1,
  value: encodeBlock({ number, more, exponent: 6 }),
})

const options = (number: number, valueBytes: number): Option => ({ number, value: bytes(valueBytes, number) })

type Body = Pick<Message, "code" | "options" | "payload">

const survey = path("surveys", "192.168.1.2", "2026-11-21")
const text = uintOption(OptionNumber.ContentFormat, 0)
const digest = textOption(OptionNumber.UriQuery, "digest=0123456789abcdef")

const oscore = Uint8Array.fromHex("190009480102030405060708c0a80102")

// most are short: a case costs what its options cost, and it is the corners that count
const bodies: readonly Body[] = [
  { code: Code.Put, options: [...survey, text, digest], payload: ascii("08:00 - 20 - 30%\n") },
  {
    code: Code.Put,
    options: [...survey, block1(0, true), uintOption(OptionNumber.Size1, 1500)],
    payload: bytes(64, 0x30),
  },
  { code: Code.Put, options: [...path("surveys"), block1(7, false)], payload: ascii("x") },
  { code: Code.Get, options: path("owed"), payload: NONE },
  {
    code: Code.Get,
    options: [textOption(OptionNumber.UriHost, "gw"), uintOption(OptionNumber.UriPort, 10005)],
    payload: NONE,
  },
  { code: Code.Created, options: [], payload: ascii("Surveys arrived") },
  { code: Code.Content, options: [text], payload: ascii("2026-11-20") },
  { code: Code.Continue, options: [block1(3, true)], payload: NONE },
  { code: Code.ServiceUnavailable, options: [uintOption(OptionNumber.MaxAge, 60)], payload: ascii("Come again") },
  { code: Code.BadRequest, options: [], payload: NONE },
  { code: Code.Post, options: [{ number: OptionNumber.Oscore, value: oscore }], payload: bytes(20, 0x5a) },
  { code: Code.Post, options: [options(0, 0), options(0, 12)], payload: bytes(1, 0xff) },
  // the extended forms: 13 to 268 in one byte more, 269 to 65,535 in two
  { code: Code.Put, options: [options(13, 13)], payload: NONE },
  { code: Code.Put, options: [options(281, 0), options(282, 1)], payload: NONE },
  { code: Code.Put, options: [options(269, 14)], payload: ascii("y") },
  { code: Code.Put, options: [options(12, 268)], payload: NONE },
  { code: Code.Delete, options: [options(65_535, 269)], payload: ascii("y") },
  { code: Code.Put, options: [options(3, 1), options(3, 2), options(300, 3), options(5000, 4)], payload: NONE },
  { code: 0x1f, options: [options(12, 0), options(24, 0)], payload: bytes(40, 0xdd) },
]

/** The same bodies with tokens of 0 to 8 bytes, in all four types. */
export const messages: readonly Uint8Array[] = [
  ...bodies.map((body, index) => {
    const type = Object.values(Type)[index % 4] ?? Type.Confirmable
    return encodeMessage({ ...body, type, id: 0x1234 + index, token: bytes(index % 9, index) })
  }),
  Uint8Array.of(0x40, 0, 0x12, 0x34),
  Uint8Array.of(0x70, 0, 0xff, 0xff),
]

const csm: Body = {
  code: Code.Csm,
  options: [uintOption(2, 4096), { number: 4, value: NONE }],
  payload: NONE,
}
const signals: readonly Body[] = [
  csm,
  { code: Code.Csm, options: [uintOption(2, 600)], payload: NONE },
  { code: Code.Csm, options: [], payload: NONE },
  { code: Code.Ping, options: [], payload: NONE },
  { code: Code.Ping, options: [{ number: 2, value: NONE }], payload: NONE },
  { code: Code.Pong, options: [], payload: NONE },
  { code: Code.Release, options: [], payload: NONE },
  { code: Code.Abort, options: [], payload: ascii("enough") },
  { code: Code.Empty, options: [], payload: NONE },
]

const frameOf = (body: Body, index: number): Frame => ({ ...body, token: bytes(index % 9, 0x60 + index) })

export const csmFrame: Uint8Array = encodeFrame({ ...csm, token: NONE })
export const frames: readonly Uint8Array[] = [...signals, ...bodies].map((body, index) =>
  encodeFrame(frameOf(body, index)),
)
