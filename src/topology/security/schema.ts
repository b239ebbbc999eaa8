// How the two ends of the cloud's leg know each other: by the fingerprints of their keys, or by an authority.
import * as v from "valibot"
import { INVOCATION } from "../../installation"
import { choice, parsed, path, plainText, section } from "../fields"
import { parseFingerprint } from "./fingerprint"

const FINGERPRINT_RULE = "a key's fingerprint, sha256: and 64 hexadecimal digits, as `pair` prints it"
/** For editors; `parseFingerprint()` decides. */
const FINGERPRINT_PATTERN = /^(?:[Ss][Hh][Aa]256[:=/ ])?[\dA-Fa-f]{2}(?::?[\dA-Fa-f]{2}){31}$/
const EXAMPLE = "sha256:5f0c9a52e1b74d3a8c6f2e9d0b1a4c7f5f0c9a52e1b74d3a8c6f2e9d0b1a4c7f"

const fingerprint = parsed<string>(
  FINGERPRINT_PATTERN,
  parseFingerprint,
  FINGERPRINT_RULE,
  "The SHA-256 of a public key. It is no secret.",
  EXAMPLE,
)

/** One, or several while a key is changed for another: always a list here. */
const fingerprints = (description: string) =>
  v.pipe(
    v.union([fingerprint, v.pipe(v.array(fingerprint), v.minLength(1, "must name at least one, or be left out"))]),
    v.description(description),
    v.transform((given): readonly string[] => (typeof given === "string" ? [given] : given)),
  )

const OLDEST = ["TLSv1.2", "TLSv1.3"] as const

const ofAnEnd = (end: string) => ({
  fingerprint: v.optional(fingerprints(`The fingerprint of the ${end}'s key, or a list while it is changed.`)),
  ca: v.optional(
    path(`The file of the authorities that the ${end}'s certificate may come from, instead of a fingerprint.`),
  ),
  certificate: v.optional(path(`The file of the ${end}'s certificate, on its host; by default keys/${end}.crt.`)),
  key: v.optional(path(`The file of its key, which nobody else may read; by default keys/${end}.key.`)),
})

const BY_NOTHING = `is missing: write the one that ${INVOCATION} pair cloud prints, or ca with an authority's file`

export const cloudTls = v.pipe(
  section("How the gateway knows the cloud. With it and gateway.tls the cloud's leg is TLS.", {
    ...ofAnEnd("cloud"),
    name: v.optional(plainText("a host name", "With ca: the name in its certificate, by default cloud.address.")),
    minVersion: v.optional(choice(OLDEST, "The oldest TLS that both ends take."), "TLSv1.3"),
  }),
  v.forward(
    v.check(({ fingerprint, ca }) => fingerprint !== undefined || ca !== undefined, BY_NOTHING),
    ["fingerprint"],
  ),
)

export const gatewayTls = v.pipe(
  section("How the cloud knows the gateway. With ca its certificate has the site's name.", ofAnEnd("gateway")),
  v.forward(
    v.check(({ fingerprint, ca }) => fingerprint !== undefined || ca !== undefined, BY_NOTHING),
    ["fingerprint"],
  ),
)

export const siteFingerprint = v.optional(fingerprints("The fingerprint of its gateway's key, or a list."))

export const pageTls = section("The page's certificate, so that it is served over HTTPS.", {
  certificate: path("The file of its certificate, with those between it and its authority."),
  key: path("The file of its key, which nobody else may read."),
})

export const security = v.optional(
  choice(["required"], "required: what has no key is refused, and nothing starts while the cloud's leg has none."),
)
