// A key's fingerprint as topology.yaml names it: public, and all that the other end has to know.

const PATTERN = /^(?:sha256:)?[0-9a-f]{64}$/

/** "sha256:" and 64 hexadecimal digits; from openssl's capitals and colons as well. Undefined for anything else. */
export function parseFingerprint(text: string): string | undefined {
  const [, digits = ""] = /^(?:sha256[:=/ ])?(.*)$/.exec(text.toLowerCase()) ?? []
  const plain = digits.replaceAll(":", "")
  return PATTERN.test(plain) ? `sha256:${plain}` : undefined
}
