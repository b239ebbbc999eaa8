// Faults put into what is fuzzed, each of which must show within few cases: the suite would see them in src.
import { MessageFormatError } from "../../../src/coap/option"
import { decodeObject } from "../../../src/coap/oscore/compression"
import { type Handler, textOf } from "../../../src/coap/resource"
import type { FrameReader, ReceivedFrame } from "../../../src/coap/tcp/frame"
import { Session, type SessionOptions } from "../../../src/coap/tcp/session"
import { decodeMessage, type Message } from "../../../src/coap/udp/message"
import { readCanonical } from "../../../src/survey/canonical"
import type { CanonicalText } from "../../../src/survey/survey"
import { parseTopology, TopologyError } from "../../../src/topology/yaml/load"
import { mergeReadings } from "../../survey/fixtures"
import type { Planted } from "../suite"
import { Codec } from "./codec"
import { Formats, type Visit } from "./formats"
import { Frames } from "./frames"
import { Oscore } from "./oscore"
import { Sessions } from "./sessions"
import { SURVEY_CODE, Surveys } from "./surveys"
import { firstFailure, type Target } from "./target"
import { Topologies } from "./topologies"

const MOST_CASES = 100_000
const LONGEST_OPTION_BYTES = 65_804

/** An option whose length runs past the end gets what there is of it. */
function decodeClamping(bytes: Uint8Array): Message {
  if (!isCutShort(bytes)) return decodeMessage(bytes)
  let [least, most] = [1, LONGEST_OPTION_BYTES]
  while (least < most) {
    const middle = (least + most) >>> 1
    if (isCutShort(padded(bytes, middle))) least = middle + 1
    else most = middle
  }
  const message = decodeMessage(padded(bytes, least))
  const options = message.options.map(({ number, value }, nth) => {
    const padding = nth === message.options.length - 1 ? least : 0
    return { number, value: value.subarray(0, value.length - padding) }
  })
  return { ...message, options }
}

function isCutShort(bytes: Uint8Array): boolean {
  try {
    decodeMessage(bytes)
    return false
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error
    return error.message === "an option runs past the end"
  }
}

function padded(bytes: Uint8Array, by: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + by)
  longer.set(bytes)
  return longer
}

/** What is pending when a chunk ends is taken for the frame's beginning, whatever was before. */
function* pushWithoutLast(reader: FrameReader, chunk: Uint8Array): Generator<ReceivedFrame> {
  const before = reader.pendingBytes
  yield* reader.push(chunk)
  if (before > 0 && reader.pendingBytes > before) yield* reader.push(chunk.subarray(0, 1))
}

const withMerge = (merge: typeof mergeReadings) => new Surveys({ ...SURVEY_CODE, merge })

/** Blanks at the end of a line are stored as they came. */
const readWithBlanks: typeof readCanonical = (text, change) => {
  const survey = readCanonical(text, change)
  return survey.refusedCount === 0 ? { ...survey, body: text as CanonicalText } : survey
}

const unbounded = (options: SessionOptions) => new Session({ ...options, maxInFlight: 1000 })

/** A place outside of the file. */
const parseWithoutPlace: typeof parseTopology = (...of) => {
  try {
    return parseTopology(...of)
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    throw new TopologyError(error.problems.map((problem) => ({ ...problem, line: problem.path ? problem.line : 0 })))
  }
}

/** Flags that are reserved are taken for none. */
const decodeIgnoringFlags: typeof decodeObject = (value) =>
  decodeObject(value.map((byte, at) => (at === 0 ? byte & 0x1f : byte)))

/** What has come before is handled as if it were new. */
const takingAgain = (handle: Handler, handler: Handler): Handler => {
  return (request) => {
    const response = handle(request)
    const isReplay = !(response instanceof Promise) && textOf(response) === "Replay detected"
    return isReplay ? handler({ ...request, protectedBy: 0xc0a8_0102 }) : response
  }
}

const visitWithoutLast: Visit = (piece, visit) => {
  const seen: [time: number, device: string][] = []
  piece.visitTimes((...row) => seen.push(row))
  for (const row of seen.slice(0, -1)) visit(...row)
}

const FAULTS: readonly [fault: string, target: () => Target][] = [
  ["a codec that accepts an option past the end", () => new Codec(decodeClamping)],
  ["a stream reader that takes a byte twice", () => new Frames(pushWithoutLast)],
  ["an OSCORE option whose reserved flags are ignored", () => new Oscore({ decode: decodeIgnoringFlags })],
  ["an OSCORE server whose window is forgotten", () => new Oscore({ around: takingAgain })],
  ["a session that works on more at a time than it may", () => new Sessions(unbounded)],
  [
    "a merge that forgets the repeated hour",
    () => withMerge((stored, incoming) => mergeReadings(stored, incoming, {})),
  ],
  ["a survey that is stored with its blanks", () => new Surveys({ ...SURVEY_CODE, read: readWithBlanks })],
  ["a look at a file's times that passes over its last row", () => new Formats(visitWithoutLast)],
  ["a topology problem without a place", () => new Topologies(parseWithoutPlace)],
]

/** Each fault by itself, until it shows. */
export const plantedInCode = (seed: number): Planted[] =>
  FAULTS.map(([fault, target]) => {
    const failure = firstFailure(target(), { seed, from: 0, to: MOST_CASES })
    const detail = failure ? `seed ${seed}, case ${failure.index}` : `not within ${MOST_CASES} cases`
    return { fault, caught: failure !== undefined, detail }
  })
