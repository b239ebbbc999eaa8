// A topology as almost everybody writes it: `key: value` lines in sections, and the devices in braces, one a line.
// The yaml package reads whatever is not so plain, and tells what is wrong. It takes a fifth of a start to load and run, and
// ten times as long as this for a list of a thousand devices, which is read before each run in the loop that acknowledges.

export interface Plain {
  /** What the YAML says, in plain objects and lists. */
  readonly value: unknown
  /** The line, from 1, of each device. */
  readonly deviceLines: readonly number[]
}

type Scalar = string | number | boolean
type Section = Record<string, unknown>
type Level = { readonly indent: number; readonly into: Section | Section[] }

const KEY = "[A-Za-z]+"
const WORD = "[A-Za-z0-9/][A-Za-z0-9/._-]*"
const QUOTED = String.raw`"[ !#-\[\]-~\u00a1-\ud7ff]*"`
const PAIR = `${KEY}: +(?:${WORD}|${QUOTED})`
const BRACES = String.raw`\{ *${PAIR}(?: *, *${PAIR})* *\}`
const LINE = new RegExp(`^( *)(?:(${KEY}):|-)(?: +(${BRACES}|${WORD}|${QUOTED}))?(?: +#.*)? *$`)
const PAIRS = new RegExp(`(${KEY}): +(${WORD}|${QUOTED})`, "g")
const NOTHING = /^ *(?:#.*)?$/
const UNUSUAL = /[^\n -~\u00a1-\ud7ff]/ // tabs, carriage returns, byte order marks
const NUMBER = /^(?:0|[1-9]\d{0,14})$/

/** Undefined for a text that the yaml package has to read. */
export function readPlain(text: string): Plain | undefined {
  if (UNUSUAL.test(text)) return undefined
  const value: Section = {}
  const deviceLines: number[] = []
  const levels: Level[] = [{ indent: 0, into: value }]
  let begun: { readonly key: string; readonly indent: number; readonly within: Section } | undefined
  for (const [index, line] of text.split("\n").entries()) {
    if (NOTHING.test(line)) continue
    const [whole, { length: indent } = "", key, written] = LINE.exec(line) ?? []
    if (whole === undefined) return undefined
    if (begun) {
      if (indent <= begun.indent || (key === undefined && begun.key !== "devices")) return undefined
      const into: Section | Section[] = key === undefined ? [] : {}
      begun.within[begun.key] = into
      levels.push({ indent, into })
      begun = undefined
    }
    while (indent < (levels.at(-1)?.indent ?? 0)) levels.pop()
    const { indent: expected, into } = levels.at(-1) ?? {}
    if (indent !== expected || into === undefined) return undefined

    const content = written === undefined ? undefined : contentOf(written)
    if (written !== undefined && content === undefined) return undefined
    if (Array.isArray(into)) {
      if (key !== undefined || typeof content !== "object") return undefined
      into.push(content)
      deviceLines.push(index + 1)
    } else {
      if (key === undefined || Object.hasOwn(into, key)) return undefined
      if (content === undefined) begun = { key, indent, within: into }
      into[key] = content
    }
  }
  return begun || deviceLines.length === 0 ? undefined : { value, deviceLines }
}

function contentOf(written: string): Section | Scalar | undefined {
  if (!written.startsWith("{")) return scalarOf(written)
  const section: Section = {}
  for (const [, key = "", text = ""] of written.matchAll(PAIRS)) {
    const scalar = scalarOf(text)
    if (scalar === undefined || Object.hasOwn(section, key)) return undefined
    section[key] = scalar
  }
  return section
}

/** Undefined for a word that is neither a whole number nor certain to be text. */
function scalarOf(written: string): Scalar | undefined {
  if (written.startsWith('"')) return written.slice(1, -1)
  if (NUMBER.test(written)) return Number(written)
  if (written === "true" || written === "false") return written === "true"
  const isText = Number.isNaN(Number(written)) && !/^(?:true|false|null)$/i.test(written)
  return isText ? written : undefined
}
