// What the sites of a cloud must be among themselves, wherever they stand: in a list or in a file of their own.
import type { Draft } from "../validate"
import type { Finding } from "../yaml/problem"

/** One site is known in one way: of two entries nobody could tell which holds. */
export function siteRefusals({ cloud }: Draft): Finding[] {
  const known = new Set<string>()
  return (cloud?.sites ?? []).flatMap((served, index): Finding[] => {
    const site = served?.site
    if (site === undefined || !known.has(site)) {
      if (site !== undefined) known.add(site)
      return []
    }
    return [{ path: ["cloud", "sites", index], message: `${site} stands here twice: keep one of them` }]
  })
}

export function sitesDoubt({ site, cloud }: Draft): string | undefined {
  const sites = cloud?.sites
  if (site === undefined || !sites || sites.some((served) => served?.site === site)) return undefined
  return `${site} is not among them: this cloud will refuse its own gateway`
}
