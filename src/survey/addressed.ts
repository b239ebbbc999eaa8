// The listing's own form, `192.168.1.2 - 08:00 - 20 - 30%`, known by its first bytes, split into a survey text for each address.

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

export const isWhiteSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** What editors put before UTF-8. */
export const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

/**
 * Lines `<ip> HH:MM - T - H%`, or with ` - ` behind the address, by what stands in the address's place, in the order
 * they come. A line's number is that within its own survey.
 */
export function splitAddressedLines(text: string): Map<string, string> {
  const surveys = new Map<string, string>()
  for (const line of text.split("\n")) {
    const trimmed = line.trim()
    if (trimmed === "") continue
    const end = trimmed.search(/\s/)
    const ip = end < 0 ? trimmed : trimmed.slice(0, end)
    const rest = end < 0 ? "" : trimmed.slice(end).trimStart()
    const reading = /^-\s/.test(rest) ? rest.slice(1).trimStart() : rest
    surveys.set(ip, `${surveys.get(ip) ?? ""}${reading}\n`)
  }
  return surveys
}
