// HTML as values: what is put into a template is escaped, unless it is HTML already.

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** Markup that is sound as it stands. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text
  }
}

/** What may stand in a template; nothing of `undefined`, `null` and `false`. */
export type Part = Html | string | number | undefined | null | false | readonly Part[]

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "")

/** html`<b>${name}</b>`: in text and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + textOf(parts[index - 1]) + string))
}

function textOf(part: Part): string {
  if (part === undefined || part === null || part === false) return ""
  if (part instanceof Html) return part.text
  if (typeof part === "object") return part.map(textOf).join("")
  return escapeHtml(String(part))
}
