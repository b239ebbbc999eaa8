// Text as it may reach a terminal: what drives one, turns text around or is not seen at all stands as its number.

// Cc: control characters, C1 too; Cf: bidirectional and other format characters; Cs: half of a pair; Zl, Zp: line ends
const UNSEEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--\p{Variation_Selector}]/gv
const PLAIN_LINES = /^[\n\x20-\x7e]*$/ // most text, told many times as fast

/** One line: `\u001b` for an escape, `\u000a` for a line end. Once is enough, twice does no harm. */
export const printable = (text: string): string => text.replace(UNSEEN, numbered)

/** Whole lines: line ends stay. In a JSON document every number is JSON's own escape, so that it says the same. */
export const printableLines = (text: string): string =>
  PLAIN_LINES.test(text) ? text : text.replace(UNSEEN, (unseen) => (unseen === "\n" ? unseen : numbered(unseen)))

/** At most `limit` UTF-16 units, cut behind a word where one ends in their last third, and never half of a pair. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed()
  const [words = ""] = /^.*\S(?=\s)/s.exec(text.slice(0, limit)) ?? []
  const kept = words.length < (limit * 2) / 3 ? text.slice(0, limit - 1) : words
  return `${kept}…`.toWellFormed()
}

function numbered(character: string): string {
  let numbers = ""
  for (let at = 0; at < character.length; at++) {
    numbers += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`
  }
  return numbers
}
