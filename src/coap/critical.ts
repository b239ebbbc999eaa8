// What a message asks for that nobody here can do: critical options that we do not understand, methods, a proxy (RFC 7252
// §5.4, §5.7.2, §5.8).
import { Code, formatCode } from "./code"
import { type Content, findOption, isCritical, type Option, OptionNumber } from "./option"
import { type Response, say } from "./resource"

interface Definition {
  /** Of its value. */
  readonly bytes: readonly [least: number, most: number]
  readonly isRepeatable?: true
}

// RFC 7252 §5.10, RFC 7959 §2.1. Uri-Host and Uri-Port only name us again; Block1 and Block2 are handled below the resources.
const UNDERSTOOD: ReadonlyMap<number, Definition> = new Map<number, Definition>([
  [OptionNumber.UriHost, { bytes: [1, 255] }],
  [OptionNumber.UriPort, { bytes: [0, 2] }],
  [OptionNumber.UriPath, { bytes: [0, 255], isRepeatable: true }],
  [OptionNumber.UriQuery, { bytes: [0, 255], isRepeatable: true }],
  [OptionNumber.Accept, { bytes: [0, 2] }],
  [OptionNumber.Block2, { bytes: [0, 3] }],
  [OptionNumber.Block1, { bytes: [0, 3] }],
  [OptionNumber.ProxyUri, { bytes: [1, 1034] }],
  [OptionNumber.ProxyScheme, { bytes: [1, 255] }],
])

/** Which critical option makes a message one that cannot be understood, and why; its options rise, as decoded ones do. */
export function optionProblem(options: readonly Option[]): string | undefined {
  let previous = 0
  for (const { number, value } of options) {
    if (isCritical(number)) {
      const definition = UNDERSTOOD.get(number)
      if (!definition) return `Option ${number} is not supported`
      // of a wrong length, or one too many, it is as good as unknown (RFC 7252 §5.4.3, §5.4.5)
      const [least, most] = definition.bytes
      if (value.length < least || value.length > most) {
        return `Option ${number} has ${least} to ${most} bytes, not ${value.length}`
      }
      if (number === previous && !definition.isRepeatable) return `Option ${number} is given twice`
    }
    previous = number
  }
  return undefined
}

/** A refusal of what no resource here has: 4.02, 4.05 or 5.05. */
export function refuseRequest({ code, options }: Pick<Content, "code" | "options">): Response | undefined {
  const problem = optionProblem(options)
  if (problem !== undefined) return say(Code.BadOption, problem)
  if (code > Code.Delete) return say(Code.MethodNotAllowed, `Method ${formatCode(code)} is not supported`)
  const isForProxy = findOption(options, OptionNumber.ProxyUri) ?? findOption(options, OptionNumber.ProxyScheme)
  return isForProxy && say(Code.ProxyingNotSupported, "This is no proxy")
}
