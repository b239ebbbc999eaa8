// What a hand slips on in YAML: a quote that is not closed, text that needs quotes. The yaml package notices them where
// they end, if they do; here they are told where they begin.

/** A slip, and its place in the text. */
export interface Slip {
  readonly at: number
  readonly message: string
  /** Of text that needs quotes: with other characters in the place of its special ones, all else can be read. */
  readonly length?: number
}

type Token = Slip | { readonly at: number; readonly bracket: string }

/** What stands before a line's value: indentation, dashes, a key. */
const BEFORE = /[ \t]*(?:-[ \t]+)*(?:[^\s:{}[\],"'#*@%`][^:{}[\],"'#]*:(?=[ \t]|$)[ \t]*)?/y
/** A value outside of braces, up to a comment. */
const LINE = /[^\s{["'#](?:[^\s]|[ \t]+(?![\s#]|$))*/y
const BLANKS = /[\s,:]*(?:#.*)?/y
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/y
/** A value within braces, up to what ends it there; placeholders such as {day} belong to it. */
const WORDS = /(?:\{\w+\}|[^\s{}[\],"'])(?:\{\w+\}|[^\s{}[\],:]|:(?![\s,}\]]|$)|[ \t]+(?=[^\s#{}[\],]|\{\w+\}))*/y

const PLACEHOLDER = /\{\w+\}/
const RESERVED = /[*@%`]/ // YAML's own, at the beginning of a value (YAML 1.2.2 §5.3)

/** The slips of a text that is no YAML. */
export function slipsIn(text: string): Slip[] {
  return [...tokensOf(text)].filter((token) => "message" in token)
}

/** The same text, as long, in which what needs quotes is plain. */
export function withoutSlips(text: string, slips: readonly Slip[]): string {
  let mended = ""
  for (const { at, length = 0 } of slips) {
    mended += text.slice(mended.length, at) + text.slice(at, at + length).replace(/[{}*@%`]/g, "x")
  }
  return mended + text.slice(mended.length)
}

/** Where the brace or bracket opens that is open still at a place; undefined when there is none. */
export function openAt(text: string, place: number): number | undefined {
  const open: number[] = []
  for (const token of tokensOf(text)) {
    if (token.at >= place) break
    if (!("bracket" in token)) continue
    if ("{[".includes(token.bracket)) open.push(token.at)
    else open.pop()
  }
  return open.at(-1)
}

function* tokensOf(text: string): Generator<Token> {
  let depth = 0
  for (const { index, 0: line } of text.matchAll(/^.*$/gm)) {
    let at = depth > 0 ? 0 : endOf(BEFORE, line, 0)
    if (depth === 0) {
      const end = endOf(LINE, line, at)
      if (end > at && RESERVED.test(line.charAt(at))) yield needsQuotes(index + at, line.slice(at, end))
      if (end > at) continue
    }
    while ((at = endOf(BLANKS, line, at)) < line.length) {
      const character = line.charAt(at)
      const end = Math.max(endOf(QUOTED, line, at), endOf(WORDS, line, at))
      if (end === at && `"'`.includes(character)) {
        yield { at: index + at, message: `is a quote that is not closed: a second ${character} is missing` }
        break
      }
      const written = line.slice(at, end)
      if (isSpecial(written, depth)) yield needsQuotes(index + at, written)
      if (end === at) {
        depth = Math.max(0, depth + ("{[".includes(character) ? 1 : -1))
        yield { at: index + at, bracket: character }
      }
      at = Math.max(end, at + 1)
    }
  }
}

/** A placeholder alone is YAML, though not what was meant, which the schema tells. */
function isSpecial(written: string, depth: number): boolean {
  if (/^["']/.test(written)) return false
  if (RESERVED.test(written.charAt(0))) return true
  return PLACEHOLDER.test(written) && !/^\{\w+\}$/.test(written) && (depth > 0 || written.startsWith("{"))
}

function needsQuotes(at: number, written: string): Slip {
  const why = RESERVED.test(written.charAt(0)) ? written.charAt(0) : "{"
  return {
    at,
    length: written.length,
    message: `needs quotes, as ${why} is YAML's own: write ${JSON.stringify(written)}`,
  }
}

function endOf(pattern: RegExp, line: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(line) ? pattern.lastIndex : at
}
