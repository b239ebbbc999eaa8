// Signalling messages, codes 7.xx: the settings and the end of a connection (RFC 8323 §5). Pure.
import { shorten } from "../../printable"
import { Code } from "../code"
import { findOption, isCritical, NO_BYTES, type Option, readUint, uintOption } from "../option"
import { textOf } from "../resource"
import type { Frame } from "./frame"

/** Option numbers; each signalling code has a number space of its own (RFC 8323 §11.2). */
export const SignalOption = {
  MaxMessageSize: 2, // of 7.01 CSM
  BlockWiseTransfer: 4, // of 7.01 CSM
  Custody: 2, // of 7.02 Ping and 7.03 Pong
  BadCsmOption: 2, // of 7.05 Abort
} as const

/** What a peer accepts until its CSM says otherwise, RFC 8323 §5.3.1. */
export const BASE_MAX_MESSAGE_SIZE_BYTES = 1152

const MAX_DIAGNOSTIC_CHARACTERS = 200
const encoder = new TextEncoder()

const signal = (code: number, options: readonly Option[] = [], payload: Uint8Array = NO_BYTES): Frame => ({
  code,
  token: NO_BYTES,
  options,
  payload,
})

/** Our capabilities and settings: the largest message that we take, and that we know block-wise transfer. */
export const csm = (maxMessageSizeBytes: number): Frame =>
  signal(Code.Csm, [
    uintOption(SignalOption.MaxMessageSize, maxMessageSizeBytes),
    { number: SignalOption.BlockWiseTransfer, value: NO_BYTES },
  ])

export const pong = (token: Uint8Array, custody: boolean): Frame => ({
  ...signal(Code.Pong, custody ? [{ number: SignalOption.Custody, value: NO_BYTES }] : []),
  token,
})

export const hasCustody = (frame: Frame): boolean => findOption(frame.options, SignalOption.Custody) !== undefined

export const releaseMessage = (): Frame => signal(Code.Release)

/** Why the connection ends, for people, and the CSM option that could not be processed (RFC 8323 §5.6). */
export const abortMessage = (text: string, badCsmOption?: number): Frame =>
  signal(
    Code.Abort,
    badCsmOption === undefined ? [] : [uintOption(SignalOption.BadCsmOption, badCsmOption)],
    encoder.encode(text),
  )

/** A peer's diagnostic payload, as much of it as a log can bear. */
export const diagnosticOf = (frame: Frame): string => shorten(textOf(frame), MAX_DIAGNOSTIC_CHARACTERS)

/** All signalling options of RFC 8323 are elective: the number of the first one that is not (§5.2). */
export const unknownCriticalOption = (frame: Frame): number | undefined =>
  frame.options.find(({ number }) => isCritical(number))?.number

/** The largest message that a CSM says its sender takes, RFC 8323 §5.3.1: "bad" when the option is too long (§5.6). */
export function maxMessageSizeOf(csm: Frame): number | "bad" | undefined {
  const option = findOption(csm.options, SignalOption.MaxMessageSize)
  return option && (readUint(option.value) ?? "bad")
}
