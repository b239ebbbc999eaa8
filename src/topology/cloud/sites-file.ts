// The file that `cloud.sites` may name instead of holding a list: a site a line, its name, then the address or the network that
// its gateway comes from, fingerprints of its key, or both. # begins a comment.
import { readFileSync, statSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { errorText } from "../../format"
import { shorten } from "../../printable"
import { parseAddress } from "../address"
import { FILE_PATH } from "../fields"
import { type Finding, type Problem, WRITTEN } from "../yaml/problem"

/** What stands in the file of that absolute path. Throws an Error whose message follows the file's name. */
export type ReadSites = (path: string) => string

interface Word {
  readonly text: string
  /** From 1. */
  readonly column: number
}

interface Line {
  readonly number: number
  readonly text: string
  readonly site: Word
  readonly from: Word | undefined
  readonly fingerprints: readonly Word[]
}

const MAX_BYTES = 64 * 1024 * 1024
const SHOWN_CHARACTERS = 60
const FINGERPRINT = /^(?:sha256|[\da-f:]{64,}$)/i
const IN_LIST = /\{ site: (\S+), \w+: (\S+) \}/ // how a message says to write an entry

/** Puts the sites into the place of the file's name in a value of topology.yaml that was freshly read; nothing where it names none. */
export function insertSites(value: unknown, topologyFile: string, read: ReadSites): SitesFile | undefined {
  const { cloud } = Object(value)
  const named: unknown = Object(cloud).sites
  if (typeof named !== "string" || !FILE_PATH.test(named)) return undefined
  const file = new SitesFile(named, topologyFile, read)
  if (file.list.length > 0) cloud.sites = file.list
  else Reflect.deleteProperty(cloud, "sites") // why there is none is among the findings
  return file
}

export class SitesFile {
  /** Its absolute path. */
  readonly path: string
  /** What is wrong with the file as a whole: it is topology.yaml that names it. */
  readonly findings: readonly Finding[]
  /** Lines that cannot be read. */
  readonly problems: readonly Problem[]
  readonly #shown: string
  readonly #lines: readonly Line[]

  constructor(named: string, topologyFile: string, read: ReadSites) {
    this.path = resolve(dirname(topologyFile), named)
    this.#shown = isAbsolute(named) ? named : join(dirname(topologyFile), named)
    const lines: Line[] = []
    const problems: Problem[] = []
    let fault: string | undefined
    try {
      for (const [index, text] of read(this.path).split("\n").entries()) {
        const [site, ...words] = wordsOf(text)
        if (!site) continue
        const { fingerprints = [], sources = [] } = Object.groupBy(words, (word) =>
          FINGERPRINT.test(word.text) ? "fingerprints" : "sources",
        )
        const [from, ...more] = sources
        const line = { number: index + 1, text: text.trimEnd(), site, from, fingerprints }
        lines.push(line)
        problems.push(
          ...more.map((word) =>
            this.#problemAt(
              line,
              word,
              "from",
              `${from?.text} stands here already: a site has one address, or one network`,
            ),
          ),
        )
      }
      if (lines.length === 0) fault = "names no site: write one a line, or leave cloud.sites out"
    } catch (error) {
      fault = errorText(error)
    }
    this.#lines = lines
    this.problems = problems
    this.findings = fault === undefined ? [] : [{ path: ["cloud", "sites"], message: `${this.#shown} ${fault}` }]
  }

  /** The sites as topology.yaml would list them. */
  get list(): unknown[] {
    return this.#lines.map(({ site, from, fingerprints }) => ({
      site: site.text,
      ...(from && { from: parseAddress(from.text) === undefined ? from.text : `${from.text}/32` }),
      ...(fingerprints.length > 0 && { fingerprint: fingerprints.map(({ text }) => text) }),
    }))
  }

  /** A finding of the list with its place in this file; undefined where it is of something else. */
  problem({ path, message }: Finding): Problem | undefined {
    const [section, key, index, field, nth = 0] = path
    const line = section === "cloud" && key === "sites" && typeof index === "number" ? this.#lines[index] : undefined
    if (!line) return undefined
    const { site, from, fingerprints } = line
    const word = (field === "from" ? from : field === "fingerprint" ? fingerprints[Number(nth)] : site) ?? site
    const told = message
      .replace(WRITTEN, () => shorten(JSON.stringify(word.text), SHOWN_CHARACTERS))
      .replace(IN_LIST, "$1 $2")
    return this.#problemAt(line, word, String(field ?? ""), told)
  }

  #problemAt({ number, text }: Line, { column }: Word, path: string, message: string): Problem {
    return { file: this.#shown, line: number, column, path, message, sourceLine: text }
  }
}

function wordsOf(line: string): Word[] {
  const [written = ""] = line.split("#", 1)
  return Array.from(written.matchAll(/\S+/g), ({ 0: text, index }) => ({ text, column: index + 1 }))
}

export const readSitesFile: ReadSites = (path) => {
  try {
    const found = statSync(path)
    if (!found.isFile()) throw new Error("is not a file: name one that holds a site a line")
    if (found.size > MAX_BYTES) throw new Error("is larger than 64 MiB")
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path))
  } catch (cause) {
    throw new Error(whyUnreadable(cause), { cause })
  }
}

function whyUnreadable(cause: unknown): string {
  if (cause instanceof TypeError) return "is not UTF-8 text: save it as UTF-8"
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "ENOENT") return "is not there: write the sites into it, one a line, or list them here as [ farm-b ]"
  if (code === "EACCES") return "may not be read: give this user leave to read it"
  return code === undefined ? errorText(cause) : `cannot be read: ${errorText(cause)}`
}
