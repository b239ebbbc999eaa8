// What of topology.yaml stands in no message: a URL or a password, for whoever knows it can speak for this network.
import { nearest } from "../../nearest"

const KEYS = /([a-z]+(?:-[a-z]+)*)["']?\s*:/gi
const KEPT_SECRET = ["alerts", "heartbeat", "smtp"]
/** What stands no deeper than a section and begins another one, or is an item of a list around it. */
const BEGINS = /^\s*(?:["']?[\w-]+["']?\s*:(?:\s|$)|-\s)/
const OWN_KEY = /^\s*(?:["']?[a-z]+["']?\s*:(?=\s|$))?/i
const BEHIND_SCHEME = /(?<=:\/\/)\S+/g

/** The same text, a star for each character of a secret: also where a key, a quote or a space is wrong. */
export function withoutSecrets(text: string): string {
  const known = new Map<string, boolean>() // of a fleet's words, each asked once
  let depth: number | undefined // of the key that all deeper lines belong to
  const starred = text.split("\n").map((line) => {
    const indent = line.search(/\S/)
    if (indent === -1) return line
    const isItem = indent === depth && line[indent] === "-"
    const isWithin = depth !== undefined && (indent > depth || isItem || !BEGINS.test(line))
    const key = isWithin ? OWN_KEY.exec(line) : secretKey(line, known)
    if (!isWithin) depth = key ? indent : undefined
    if (!key) return line.replace(BEHIND_SCHEME, starsFor)
    const from = key.index + key[0].length
    return line.slice(0, from) + starsFor(line.slice(from))
  })
  return starred.join("\n")
}

/** The key of a secret, also one that is misspelled, wherever it stands. */
function secretKey(line: string, known: Map<string, boolean>): RegExpExecArray | undefined {
  for (const key of line.matchAll(KEYS)) {
    const [, word = ""] = key
    if (!known.has(word)) known.set(word, nearest(word, KEPT_SECRET) !== undefined)
    if (known.get(word)) return key
  }
  return undefined
}

const FEWEST_CHARACTERS = 6 // what is shorter is no secret, and stands in many a message

/**
 * What is wrong with such a line, without what that quotes of it: a value, a key, what is no YAML, or an alias.
 * @param line as it is written
 */
export function withoutQuotes(message: string, line: string): string {
  const told = message
    .replace(/: (?:it is|write) .*|(?<=missing\?) .*| \(\*.*\)(?= is not)/s, "")
    .replace(/^alerts(?!(?:\.[a-z]+|\[\d+\])*$).*/is, "alerts.…")
  const words = line
    .replaceAll("://", " ")
    .split(/[\s"'[\]{},]+/)
    .filter((word) => word.length >= FEWEST_CHARACTERS && !/^[a-z]+:?$/i.test(word))
  return words.some((word) => told.includes(word)) ? "cannot be read as it is written" : told
}

const starsFor = (secret: string): string => secret.replace(/\S/g, "*")
