// The text of topology.yaml: YAML 1.2 in its plain form (no aliases, no tags, one document), and where each value is.
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml"
import { type Finding, formatPath, type Path, type Problem, TopologyError, WRITTEN } from "./problem"
import { withoutQuotes, withoutSecrets } from "./secrets"
import { type Slip, withoutSlips } from "./slips"
import { inPlainWords, slipsOf } from "./unreadable"
import { type Otherwise, otherwise, written } from "./written"

/** A YAML text that was read. */
export class Source {
  /** What the YAML says, in plain objects and lists. */
  readonly value: unknown
  /** Tags, doubled keys, quotes that are missing: wrong, but the rest can be read. */
  readonly problems: readonly Problem[]
  #lines = new LineCounter()
  readonly #skipped: Problem[] = []
  readonly #document: Document
  /** The text as it may be shown. */
  #shown: string | undefined

  /** Throws a TopologyError that tells everything that is no YAML, or more than the plain form of it. */
  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {
    this.#document = this.#read(text)
    this.problems = this.#skipped
    const excesses = this.#excesses()
    if (excesses.length > 0) throw new TopologyError(inOrder([...this.problems, ...excesses]))
    try {
      this.value = this.#document.toJS({ maxAliasCount: 0 })
    } catch (cause) {
      throw new TopologyError(inOrder([...this.problems, ...this.#aliases()]), { cause })
    }
  }

  /** The document, without what can be passed over. Throws a TopologyError with all that cannot be read. */
  #read(text: string): Document {
    this.#lines = new LineCounter()
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: "core",
      stringKeys: true,
      logLevel: "error",
    })
    const told = (slip: Slip) => this.#problemAt(slip.at, "", slip.message)
    const { small = [], faults = [] } = Object.groupBy([...document.errors, ...document.warnings], ({ code }) =>
      code === "DUPLICATE_KEY" || code === "TAG_RESOLVE_FAILED" ? "small" : "faults",
    )
    if (faults.length === 0) {
      this.#skipped.push(...small.map((error) => told(inPlainWords(text, error))))
      return document
    }
    const slips = slipsOf(text, faults)
    this.#skipped.push(...slips.map(told))
    if (slips.some(({ length }) => length === undefined)) throw new TopologyError(inOrder(this.#skipped))
    return this.#read(withoutSlips(text, slips))
  }

  /** A finding with its place. */
  problem({ path, message, at }: Finding): Problem {
    if (at === "missing") return this.#missing(path, message)
    const told = message.replace(WRITTEN, () => written(this.#nodeAt(path), this.text))
    return this.#problemAt(this.#offsetOf(path, at === "key"), formatPath(path), told)
  }

  /** Whether something is told of this place already. */
  tells({ line, column }: Problem): boolean {
    return this.problems.some((problem) => problem.line === line && problem.column === column)
  }

  /** What the same characters would be with quotes, or without them; undefined where that is nothing else. */
  otherwise(path: Path): Otherwise | undefined {
    return otherwise(this.#nodeAt(path), this.text)
  }

  /** The line, from 1, that the value at a path begins on. */
  lineOf(path: Path): number {
    return this.#lines.linePos(this.#offsetOf(path, false)).line
  }

  /** What is YAML, but not the plain form of a topology. */
  #excesses(): Problem[] {
    const { contents, directives } = this.#document
    if (directives?.yaml.explicit) return [this.#problemAt(0, "", "%YAML is not needed here: remove the line")]
    if (isMap(contents)) return []
    const isEmpty = contents === null || (isScalar(contents) && contents.value === null)
    const what = isEmpty ? "is empty" : "must be a mapping of `key: value` lines"
    return [this.#problemAt(startOf(contents) ?? 0, "", `${what}: the README shows a whole one`)]
  }

  /** Aliases repeat values: a few lines of them can fill a memory. */
  #aliases(): Problem[] {
    const problems: Problem[] = []
    visit(this.#document, {
      Alias: (_, { range, source }) => {
        const message = `an alias (*${source}) is not allowed here: write the value out`
        problems.push(this.#problemAt(range?.[0] ?? 0, "", message))
      },
    })
    return problems
  }

  /** Where there is no such key, its section has the fault; where it has no value, the key has. */
  #missing(path: Path, message: string): Problem {
    const section = path.slice(0, -1)
    if (this.#nodeAt(path)) return this.#problemAt(this.#offsetOf(path, true), formatPath(path), `is empty: ${message}`)
    const told = `has no ${path.at(-1)}: ${message}`
    if (section.length === 0) return { file: this.file, line: 0, column: 0, path: "", message: told, sourceLine: "" }
    return this.#problemAt(this.#offsetOf(section, true), formatPath(section), told)
  }

  #nodeAt(path: Path): unknown {
    return this.#document.getIn(path, true)
  }

  /** Where a value begins, or its key. For what is not there, the section that it would be in. */
  #offsetOf(path: Path, ofKey: boolean): number {
    let node: Node | null = this.#document.contents
    let offset = startOf(node)
    for (const [depth, step] of path.entries()) {
      if (isSeq<Node>(node)) {
        node = node.items[Number(step)] ?? null
        offset = startOf(node) ?? offset
      } else if (isMap<Node, Node | null>(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
        if (!pair) break
        node = pair.value
        const isEmpty = isScalar(node) && node.source === ""
        const isKey = isEmpty || (ofKey && depth === path.length - 1)
        offset = startOf(isKey ? pair.key : node) ?? offset
      }
    }
    return offset ?? 0
  }

  #problemAt(offset: number, path: string, message: string): Problem {
    const { line, col } = this.#lines.linePos(offset)
    const { lineStarts } = this.#lines
    this.#shown ??= withoutSecrets(this.text)
    const lineOf = (text: string) => text.slice(lineStarts[line - 1], lineStarts[line]).replace(/\r?\n$/, "")
    const sourceLine = lineOf(this.#shown)
    const written = lineOf(this.text)
    const tell = (told: string) => (sourceLine === written ? told : withoutQuotes(told, written))
    return { file: this.file, line, column: col, path: tell(path), message: tell(message), sourceLine }
  }
}

/** Problems as one meets them, reading from the top. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0]
}
