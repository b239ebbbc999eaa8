// What must fit together of keys and sites: TLS is mutual, and each site's gateway is known by something.
import { INVOCATION } from "../../installation"
import type { Topology } from "../topology"
import type { Draft } from "../validate"
import type { Finding } from "../yaml/problem"

type Tls = NonNullable<NonNullable<Draft["cloud"]>["tls"]> & NonNullable<NonNullable<Draft["gateway"]>["tls"]>

export function securityRefusals(draft: Draft): Finding[] {
  const { cloud, gateway } = draft
  return [
    ...endRefusals("cloud", cloud?.tls, gateway?.tls),
    ...endRefusals("gateway", gateway?.tls, cloud?.tls),
    ...(cloud?.tls && gateway?.tls ? sitesWithoutKey(draft) : sitesFromAnywhere(draft)),
  ]
}

/** What is not there yet where `pair` is about to make it. */
export function missingKeys({ security, cloud }: Pick<Topology, "security" | "cloud">): Finding[] {
  if (security !== "required" || cloud.tls) return []
  const message = `is required, and the cloud's leg has no keys: ${INVOCATION} pair cloud makes them, and prints what to write here`
  return [{ path: ["security"], message }]
}

function endRefusals(end: "cloud" | "gateway", tls: Tls | undefined, other: Tls | undefined): Finding[] {
  if (!tls) return []
  const at = (key: string, message: string): Finding => ({ path: [end, "tls", key], message })
  const { fingerprint, ca, certificate, key } = tls
  const findings: Finding[] = []
  const whole: Finding["path"] = [end, "tls"]
  const opposite = end === "cloud" ? "gateway" : "cloud"
  if (!other) findings.push({ path: whole, message: `needs ${opposite}.tls too: each end has to know the other` })
  // a pin beside an authority would be read as both, or as either
  if (fingerprint && ca) findings.push(at("ca", "may not stand beside fingerprint: an end is known by one of the two"))
  if (certificate && !key) findings.push(at("certificate", "needs key beside it"))
  if (key && !certificate) findings.push(at("key", "needs certificate beside it"))
  return findings
}

/** With keys: another site's gateway shows the key that is named here, or a certificate of the site's name. */
function sitesWithoutKey({ site, cloud, gateway }: Draft): Finding[] {
  return others(site, cloud).flatMap(({ name, served, index }) => {
    if (served.fingerprint || gateway?.tls?.ca) return []
    const message = `${name} is another site: say which key its gateway has, as { site: ${name}, fingerprint: sha256:… }`
    return [{ path: ["cloud", "sites", index], message }]
  })
}

/** Without keys: the gateway of this topology's own site is known by its address; of another one anybody could say that he is it. */
function sitesFromAnywhere({ site, cloud }: Draft): Finding[] {
  const keyed = (cloud?.sites ?? []).flatMap((served, index): Finding[] =>
    served?.fingerprint
      ? [{ path: ["cloud", "sites", index, "fingerprint"], message: "needs cloud.tls and gateway.tls" }]
      : [],
  )
  const strange = others(site, cloud).flatMap(({ name, served, index }): Finding[] => {
    if (served.from || served.fingerprint) return []
    const message = `${name} is another site: say from where it may deliver, as { site: ${name}, from: 203.0.113.0/24 }`
    return [{ path: ["cloud", "sites", index], message }]
  })
  return [...keyed, ...strange]
}

function others(own: string | undefined, cloud: Draft["cloud"]) {
  return (cloud?.sites ?? []).flatMap((served, index) => {
    const name = served?.site
    return served && name && own !== undefined && name !== own ? [{ name, served, index }] : []
  })
}
