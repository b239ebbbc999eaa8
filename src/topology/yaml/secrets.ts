// What of topology.yaml stands in no message: a monitor's URL, for whoever knows it can speak for this gateway.

const KEY = /\b(?:alerts|heartbeat)["']?\s*:/i
const OWN_KEY = /^\s*(?:["']?[a-z]+["']?\s*:(?=\s|$))?/i
const BEHIND_SCHEME = /(?<=:\/\/)\S+/g

/** The same text, a star for each character of a secret: also where a key, a quote or a space is wrong. */
export function withoutSecrets(text: string): string {
  let depth: number | undefined // of the key that all deeper lines belong to
  const starred = text.split("\n").map((line) => {
    const indent = line.search(/\S/)
    if (indent === -1) return line
    const isWithin = depth !== undefined && (indent > depth || (indent === depth && line[indent] === "-"))
    const key = isWithin ? OWN_KEY.exec(line) : KEY.exec(line)
    if (!isWithin) depth = key ? indent : undefined
    if (!key) return line.replace(BEHIND_SCHEME, starsFor)
    const from = key.index + key[0].length
    return line.slice(0, from) + starsFor(line.slice(from))
  })
  return starred.join("\n")
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
