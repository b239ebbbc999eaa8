// Whether a peer is who it has to be: by the key that it shows, or by an authority and the name that this one gave it.
import { INVOCATION } from "../installation"
import type { ShownCertificate } from "../net/tls"
import { parseAddress } from "../topology/address"

export type Trust =
  /** One of these keys, whatever its certificate says of names and days: it ends when its line is taken away. */
  | { readonly by: "key"; readonly fingerprints: readonly string[] }
  /** A certificate of the authorities, for that name, and of today. */
  | { readonly by: "authority"; readonly name: string }

/** Undefined for whoever may come in, or why not: words that follow "it", "its" being the peer's. */
export function refusalOf(shown: ShownCertificate, trust: Trust, now: number): string | undefined {
  if (trust.by === "key") {
    if (trust.fingerprints.includes(shown.fingerprint)) return undefined
    return `its key is ${shown.fingerprint}, which is not named here: ${INVOCATION} pair cloud prints it there`
  }
  const { certificate, chainProblem } = shown
  if (chainProblem) return chainRefusal(shown, chainProblem, now)
  if (hasName(certificate, trust.name)) return undefined
  return `its certificate is for ${namesOf(certificate)}, not for ${trust.name}`
}

type Certificate = ShownCertificate["certificate"]

/** Exactly this name, without wildcards: a name that somebody may choose for himself would be another site's. */
function hasName(certificate: Certificate, name: string): boolean {
  if (parseAddress(name) !== undefined) return certificate.checkIP(name) !== undefined
  return certificate.checkHost(name, { wildcards: false, partialWildcards: false }) !== undefined
}

function chainRefusal(
  { certificate }: ShownCertificate,
  { code, text }: NonNullable<ShownCertificate["chainProblem"]>,
  now: number,
): string {
  const { validFrom, validTo } = certificate
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `its certificate is valid until ${validTo}, and this machine's clock says ${dayOf(now)}`
    case "CERT_NOT_YET_VALID":
      return `its certificate is valid from ${validFrom}, and this machine's clock says ${dayOf(now)}: is the clock right?`
    case "INVALID_PURPOSE":
      return "its certificate is for another use (extendedKeyUsage)"
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "its certificate is self-signed, and of no authority that is named here"
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for ${namesOf(certificate)}, not for the name that is asked for`
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return "its certificate is of another authority than is named here"
    default:
      return `its certificate is not good: ${text}`
  }
}

const namesOf = ({ subjectAltName, subject }: Certificate): string =>
  subjectAltName || subject?.replaceAll("\n", ", ") || "nobody"

const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)
