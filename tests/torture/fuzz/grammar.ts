// Sound messages from the grammar alone, whatever their sense: a refusal costs a throw, so most of them shall be sound.
import type { Dice } from "./dice"
import type { Scratch } from "./scratch"

const CODES = [0x01, 0x02, 0x03, 0x04, 0x1f, 0x41, 0x44, 0x45, 0x5f, 0x80, 0x84, 0x8d, 0xa0, 0xa3] as const

/** A datagram (RFC 7252 §3). */
export function appendMessage(scratch: Scratch, dice: Dice): void {
  const bits = dice.next()
  const tokenBytes = (bits >>> 4) % 9
  scratch.push(0x40 | ((bits & 3) << 4) | tokenBytes)
  scratch.push(dice.pick(CODES))
  scratch.push(bits >>> 8)
  scratch.push(bits >>> 16)
  scratch.appendRandom(tokenBytes, dice)
  appendBody(scratch, dice)
}

/** A frame of a stream (RFC 8323 §3.2). */
export function appendFrame(scratch: Scratch, dice: Dice): void {
  const bits = dice.next()
  const tokenBytes = (bits >>> 4) % 9
  const start = scratch.length
  scratch.push(0)
  scratch.push(dice.pick(CODES))
  scratch.appendRandom(tokenBytes, dice)
  const bodyStart = scratch.length
  appendBody(scratch, dice)
  const bodyBytes = scratch.length - bodyStart
  const extra = bodyBytes < 13 ? 0 : bodyBytes < 269 ? 1 : 2
  scratch.insert(start + 1, extra)
  scratch.put(start, ((extra === 0 ? bodyBytes : 12 + extra) << 4) | tokenBytes)
  if (extra === 1) scratch.put(start + 1, bodyBytes - 13)
  if (extra === 2) {
    scratch.put(start + 1, (bodyBytes - 269) >> 8)
    scratch.put(start + 2, bodyBytes - 269)
  }
}

const OPTION_COUNTS = [0, 0, 1, 1, 1, 1, 2, 3]

/** Up to three options and a payload, in their only form (RFC 7252 §3.1). */
function appendBody(scratch: Scratch, dice: Dice): void {
  const bits = dice.next()
  for (let left = OPTION_COUNTS[bits & 7] ?? 0; left > 0; left--) appendOption(scratch, dice)
  if ((bits & 8) === 0) return
  scratch.push(0xff)
  scratch.appendRandom(1 + ((bits >>> 4) & 3), dice)
}

function appendOption(scratch: Scratch, dice: Dice): void {
  const bits = dice.next()
  const delta = (bits & 15) % 15
  const kind = (bits >>> 4) & 63
  const lengthNibble = kind < 61 ? kind & 3 : kind === 61 ? 14 : 13
  scratch.push((delta << 4) | lengthNibble)
  if (delta === 13) scratch.push(bits >>> 10)
  else if (delta === 14) {
    scratch.push((bits >>> 10) & 0x1f)
    scratch.push(bits >>> 15)
  }
  const more = (bits >>> 23) & 15
  if (lengthNibble === 13) scratch.push(more)
  else if (lengthNibble === 14) {
    scratch.push(0)
    scratch.push(more)
  }
  scratch.appendRandom(lengthNibble === 13 ? 13 + more : lengthNibble === 14 ? 269 + more : lengthNibble, dice)
}
