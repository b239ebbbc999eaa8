// A second opinion on the OSCORE option's value (RFC 8613 §6.1), written apart from the reader in src: by patterns.

/** Hexadecimal digits of each part; undefined: it is not there. */
export interface ReferenceObject {
  readonly piv: string | undefined
  readonly kidContext: string | undefined
  readonly kid: string | undefined
}

/** Undefined where the value is malformed. */
export function readOption(value: Uint8Array): ReferenceObject | undefined {
  const hex = Uint8Array.from(value).toHex()
  if (hex === "") return { piv: undefined, kidContext: undefined, kid: undefined }
  const flags = (value[0] ?? 0).toString(2).padStart(8, "0")
  const [, context, kid, size] = /^000([01])([01])([01]{3})$/.exec(flags) ?? []
  if (size === undefined || flags === "00000000" || size === "110" || size === "111") return undefined
  const pivBytes = Number.parseInt(size, 2)
  const contextBytes = context === "1" ? (value[1 + pivBytes] ?? -1) : 0
  if (contextBytes < 0) return undefined
  const middle = context === "1" ? `..(?<context>.{${2 * contextBytes}})` : ""
  const last = kid === "1" ? "(?<kid>.*)" : ""
  const { groups } = new RegExp(`^..(?<piv>.{${2 * pivBytes}})${middle}${last}$`).exec(hex) ?? {}
  if (!groups) return undefined
  // of a number of several bytes the first is not zero (§5)
  if (pivBytes > 1 && groups.piv?.startsWith("00")) return undefined
  return { piv: groups.piv || undefined, kidContext: groups.context, kid: groups.kid }
}
