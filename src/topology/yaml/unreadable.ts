// What the yaml package cannot read, in plain words, and where the hand slipped that wrote it.
import type { ErrorCode, YAMLError } from "yaml"
import { openAt, type Slip, slipsIn } from "./slips"

const WORDS: Partial<Record<ErrorCode, string>> = {
  BAD_DQ_ESCAPE: "this backslash begins no escape that YAML knows: write \\\\ for it, or use single quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second key begins in this line: put all of them in { }, or text with a colon in quotes",
  BLOCK_IN_FLOW: "a comma is missing between two keys, or text with a colon needs quotes",
  DUPLICATE_KEY: "this key stands here twice: keep one of them",
  MISSING_CHAR: "is not `key: value`: a colon with a space behind it is missing",
  MULTILINE_IMPLICIT_KEY: "is not `key: value`: a colon with a space behind it is missing",
  MULTIPLE_DOCS: "a second document begins here: remove `---` and what follows",
  RESOURCE_EXHAUSTION: "is nested too deeply",
  TAG_RESOLVE_FAILED: "a tag (!) is not allowed here: write the plain value",
}

const FAULTS_TOLD = 100 // of text that is no YAML at all nobody reads more
const NO_SPACES = /[\u00a0\u2000-\u200b\u202f\u2060\u3000\ufeff]/

/** Each fault once, where it begins; those with a length can be passed over. */
export function slipsOf(text: string, errors: readonly YAMLError[]): Slip[] {
  const slips = slipsIn(text)
  if (slips.some(({ length }) => length === undefined)) return slips
  const tabs = errors.some(({ code }) => code === "TAB_AS_INDENT") ? firstTab(text) : []
  if (slips.length + tabs.length > 0) return [...slips, ...tabs]
  return withoutEchoes(text, errors)
    .slice(0, FAULTS_TOLD)
    .map((error) => inPlainWords(text, error))
}

/** What the parser stumbles over behind a fault, on its line and on those that follow without a break, is mostly that fault. */
function withoutEchoes(text: string, errors: readonly YAMLError[]): YAMLError[] {
  let last = 0
  return errors.filter(({ pos: [at] }, index) => {
    const isEcho = index > 0 && text.slice(last, at).split("\n").length <= 2
    last = at
    return !isEcho
  })
}

/** A slip that the yaml package has a good name for. */
export function inPlainWords(text: string, { code, pos: [at], message }: YAMLError): Slip {
  const from = text.lastIndexOf("\n", at - 1) + 1
  const [line = ""] = text.slice(from).split("\n", 1)
  const odd = line.search(NO_SPACES)
  if (odd >= 0) return { at: from + odd, message: "looks like a space and is none: write a plain one" }
  if (code === "BAD_INDENT" || /end with a [}\]]/.test(message)) return badIndent(text, at, from, line)
  const isKnown = code !== "MISSING_CHAR" || message.startsWith("Implicit map keys") // other things are missing, too
  const known = isKnown ? WORDS[code] : undefined
  if (known) return { at, message: known }
  if (/["']\s*$/.test(text.slice(from, at))) {
    return { at, message: "stands behind the quote that ends the text: use the other kind of quotes around all of it" }
  }
  const why = code === "UNEXPECTED_TOKEN" ? "" : ` (${message})`
  return { at, message: `does not belong here: is a comma, a quote or a colon missing before it?${why}` }
}

function badIndent(text: string, at: number, from: number, line: string): Slip {
  const begin = from + line.search(/\S|$/)
  const open = openAt(text, at)
  if (open !== undefined) return unclosed(text, open)
  if (/^\s*-\S/.test(line)) return { at: begin, message: "a space is missing behind the -" }
  if (/^\s*\{/.test(line))
    return { at: begin, message: "is not `key: value`: an entry of a list begins with - and a space" }
  return { at: begin, message: "begins in another column than the lines before it in its section: indent them alike" }
}

function unclosed(text: string, open: number): Slip {
  const [rest = ""] = text.slice(open).split("\n", 1)
  const comment = /\s(#.*[}\]])/.exec(rest)
  if (comment)
    return {
      at: open + comment.index + 1,
      message: "begins a comment, as # does behind a space: put the text in quotes",
    }
  const [opening, closing] = rest.startsWith("{") ? ["{", "}"] : ["[", "]"]
  return { at: open, message: `this ${opening} is not closed: a ${closing} is missing` }
}

function firstTab(text: string): Slip[] {
  const at = text.search(/(?<=^[ ]*)\t(?![ \t]*(?:#|$))/m)
  return at < 0 ? [] : [{ at, message: "a tab cannot indent a line: use spaces, here and in every line" }]
}
