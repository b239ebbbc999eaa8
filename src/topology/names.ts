// Devices by the names that people give them: one name may be that of several, and {ip} in it makes it each one's own.
import { type AddressRange, formatAddress, parseAddress, parseRange } from "./address"
import { placeIn } from "./ranges"

export interface NamedRange extends AddressRange {
  /** `{ip}` stands for the address. */
  readonly name: string
}

/** Of those that have a name, in address order. */
export const namedRanges = (labels: readonly { readonly ip: string; readonly name?: string | undefined }[]) =>
  labels
    .flatMap(({ ip, name }): NamedRange[] => {
      const range = parseRange(ip)
      return range && name ? [{ ...range, name }] : []
    })
    .sort((a, b) => a.first - b.first)

/** @param names rising and apart */
export function nameOf(names: readonly NamedRange[], address: number): string | undefined {
  const named = names[placeIn(names, address)]
  return named && named.first <= address ? named.name.replaceAll("{ip}", formatAddress(address)) : undefined
}

/** The addresses that have this name. */
export function addressesNamed(names: readonly NamedRange[], text: string): AddressRange[] {
  const wanted = text.normalize() // a keyboard and a file may compose a letter differently
  const spoken = parseAddress(/\d+\.\d+\.\d+\.\d+/.exec(text)?.[0] ?? "")
  return names.flatMap(({ first, last, name }): AddressRange[] => {
    if (name.normalize() === wanted) return [{ first, last }]
    if (spoken === undefined || spoken < first || spoken > last || !name.includes("{ip}")) return []
    const own = name.replaceAll("{ip}", formatAddress(spoken)).normalize()
    return own === wanted ? [{ first: spoken, last: spoken }] : []
  })
}
