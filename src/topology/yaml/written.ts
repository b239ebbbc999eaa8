// A value as the person wrote it, which is not always what YAML made of it: `name: 007` is a number there.
import { isMap, isNode, isScalar, isSeq, type Node, parse, type Scalar } from "yaml"
import { shorten } from "../../printable"
import { EMPTY } from "../fields"

/** Another value that was meant, perhaps, and how to write it. */
export interface Otherwise {
  readonly value: unknown
  readonly advice: string
}

const SHOWN_CHARACTERS = 60

/** A value in short, as it may stand in a message. */
export function written(node: unknown, text: string): string {
  if (isMap(node)) return "a section"
  if (isSeq(node)) return "a list"
  if (!isScalar(node)) return "missing"
  const shown = typeof node.value === "string" ? JSON.stringify(node.value) : (unquoted(node, text) ?? "empty")
  return shorten(shown, SHOWN_CHARACTERS)
}

/** What the same characters would be with quotes, or without them; undefined where that is nothing else. */
export function otherwise(node: unknown, text: string): Otherwise | undefined {
  if (!isNode(node)) return undefined
  if (isScalar(node) && typeof node.value === "string") return withoutQuotes(node)
  const value = unquoted(node, text)
  if (value !== undefined) {
    return { value, advice: `needs quotes, or YAML takes it for ${kindOf(node)}: write ${JSON.stringify(value)}` }
  }
  return isScalar(node) ? { value, advice: EMPTY } : undefined
}

function withoutQuotes({ type, value }: Scalar): Otherwise | undefined {
  if (type === "PLAIN" || !/^[\w.+-]+$/.test(String(value))) return undefined
  const other: unknown = parse(String(value), { schema: "core" })
  return typeof other === "string" ? undefined : { value: other, advice: `must stand without quotes: write ${value}` }
}

/** The characters of what may have been meant as text: 007, `{ip}`, or #3 where a value should begin. */
function unquoted(node: Node, text: string): string | undefined {
  const [from = 0, to = from] = node.range ?? []
  if (isScalar(node) && node.source === "") {
    const [line = ""] = text.slice(from).split("\n", 1)
    return /^#\S.*?(?=\s+#|\s*$)/.exec(line)?.[0]
  }
  const isPlaceholder = isMap<unknown, Node | null>(node) && node.flow && node.items.length === 1
  if (!isScalar(node) && !(isPlaceholder && node.items[0]?.value == null)) return undefined
  return text.slice(from, to)
}

function kindOf(node: Node): string {
  if (!isScalar(node)) return "a section"
  if (node.value === null) return node.source === "" ? "a comment" : "nothing"
  return typeof node.value === "number" ? "a number" : "true or false"
}
