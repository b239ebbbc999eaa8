// JSON of a peer: looked through before it is parsed, because a body of brackets becomes a hundred times its size.
import * as v from "valibot"
import { decodeText, MessageFormatError } from "../coap/option"
import { quote } from "../log"

const MOST_DEPTH = 4
const MOST_CONTAINERS = 400_000 // a site of as many devices, each declared alone
const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

/** What the schema makes of it, or what is wrong with it, a line for its sender. */
export function parseJson<Schema extends v.GenericSchema>(schema: Schema, payload: Uint8Array) {
  if (!isModest(payload)) return { problem: "The body is nested too deeply, or has too many parts" }
  let value: unknown
  try {
    value = JSON.parse(decodeText(payload))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof MessageFormatError) return { problem: "The body must be JSON" }
    throw error
  }
  return fit(schema, value)
}

/** The same of a value that has been parsed. */
export function fit<Schema extends v.GenericSchema>(schema: Schema, value: unknown) {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return { value: result.output }
  const [issue] = result.issues
  return { problem: `${v.getDotPath(issue) ?? "body"}: ${quote(issue.message)}` } // which quotes the value
}

/** One pass over the bytes; what stands in quotes does not count. */
function isModest(bytes: Uint8Array): boolean {
  let depth = 0
  let containers = 0
  let isQuoted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) isQuoted = !isQuoted
    else if (isQuoted) {
      if (byte === BACKSLASH) at++
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > MOST_DEPTH || ++containers > MOST_CONTAINERS) return false
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
  }
  return true
}
