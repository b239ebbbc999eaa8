// What Redis speaks over TCP (RESP2): a command is an array of bulk strings; of the replies, those that are one value.

export interface Reply {
  readonly isError: boolean
  readonly text: string
}

const END = "\r\n"
const encoder = new TextEncoder()

/** `["PING"]` → "*1\r\n$4\r\nPING\r\n" */
export function encodeCommand(words: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [encoder.encode(`*${words.length}${END}`)]
  for (const word of words) {
    const bytes = typeof word === "string" ? encoder.encode(word) : word
    parts.push(encoder.encode(`$${bytes.length}${END}`), bytes, encoder.encode(END))
  }
  return Buffer.concat(parts)
}

/** Undefined while some of it is still to come. Throws of a reply that is not one value, in ASCII. */
export function decodeReply(received: string): Reply | undefined {
  const lineEnd = received.indexOf(END)
  if (lineEnd < 0) return undefined
  const [kind, line] = [received[0], received.slice(1, lineEnd)]
  if (kind === "+" || kind === ":" || kind === "-") return { isError: kind === "-", text: line }
  const length = Number(line)
  if (kind !== "$" || !(length >= 0)) throw new Error(`Redis said ${JSON.stringify(received)}`)
  const start = lineEnd + END.length
  if (received.length < start + length + END.length) return undefined
  return { isError: false, text: received.slice(start, start + length) }
}
