// The text of topology.yaml: YAML 1.2 in its plain form (no aliases, no tags, one document), and where each value is.
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml"
import { type Finding, formatPath, type Path, type Problem, TopologyError } from "./problem"

/** A YAML text that was read. */
export class Source {
  /** What the YAML says, in plain objects and lists. */
  readonly value: unknown
  /** Tags and doubled keys: wrong, but the rest can be read. */
  readonly problems: readonly Problem[]
  readonly #lines = new LineCounter()
  readonly #document: Document

  /** Throws a TopologyError that tells everything that is no YAML, or more than the plain form of it. */
  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: "core",
      stringKeys: true,
      logLevel: "error",
    })
    const { errors, warnings } = this.#document
    const { slips = [], faults = [] } = Object.groupBy([...errors, ...warnings], ({ code }) =>
      code === "DUPLICATE_KEY" || code === "TAG_RESOLVE_FAILED" ? "slips" : "faults",
    )
    const inPlace = (error: YAMLError) => this.#problemAt(error.pos[0], "", plainWords(error))
    this.problems = slips.map(inPlace)
    // What the parser stumbles over after its first fault on a line is mostly that fault again.
    const unreadable = faults.length > 0 ? firstOfEachLine(faults.map(inPlace)) : this.#excesses()
    if (unreadable.length > 0) throw new TopologyError(inOrder([...this.problems, ...unreadable]))
    try {
      this.value = this.#document.toJS({ maxAliasCount: 0 })
    } catch (cause) {
      throw new TopologyError(inOrder([...this.problems, ...this.#aliases()]), { cause })
    }
  }

  /** A finding with its place. */
  problem({ path, message, at }: Finding): Problem {
    return this.#problemAt(this.#offsetOf(path, at === "key"), formatPath(path), message)
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
        const isEmpty = isScalar(node) && node.value === null
        const isKey = isEmpty || (ofKey && depth === path.length - 1)
        offset = startOf(isKey ? pair.key : node) ?? offset
      }
    }
    return offset ?? 0
  }

  #problemAt(offset: number, path: string, message: string): Problem {
    const { line, col } = this.#lines.linePos(offset)
    const { lineStarts } = this.#lines
    const sourceLine = this.text.slice(lineStarts[line - 1], lineStarts[line]).replace(/\r?\n$/, "")
    return { file: this.file, line, column: col, path, message, sourceLine }
  }
}

/** Problems as one meets them, reading from the top. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

function firstOfEachLine(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.toReversed().map((problem) => [problem.line, problem])).values()]
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0]
}

function plainWords(error: YAMLError): string {
  switch (error.code) {
    case "DUPLICATE_KEY":
      return "this key stands here twice: keep one of them"
    case "MULTIPLE_DOCS":
      return "a second document begins here: remove `---` and what follows"
    case "TAB_AS_INDENT":
      return "a tab cannot indent a line: use spaces"
    case "TAG_RESOLVE_FAILED":
      return "a tag (!) is not allowed here: write the plain value"
    case "RESOURCE_EXHAUSTION":
      return "is nested too deeply"
    default:
      return `is not YAML, are quotes or spaces missing? ${error.message}`
  }
}
