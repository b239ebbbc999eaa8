// TLS on a TCP socket: what an end shows, and what it learns of its peer. Who may come in is for the owner to judge.
import type { KeyObject, X509Certificate } from "node:crypto"
import type { Socket, TLSOptions } from "bun"

export interface TlsSettings {
  /** PEM: our certificate, and those between it and its authority. */
  readonly certificate: string
  readonly key: string
  /** PEM of the authorities that a peer's certificate may come from; without them what is said of its chain means nothing. */
  readonly ca?: string | undefined
  readonly minVersion: "TLSv1.2" | "TLSv1.3"
  /** Of a client: whom it wants to speak to, an address or a host name. */
  readonly serverName?: string
}

/** What a peer has shown, and proved that it holds the key of. Nothing says yet that it may come in. */
export interface ShownCertificate {
  readonly certificate: X509Certificate
  /** Of its public key, as fingerprintOf() has it. */
  readonly fingerprint: string
  /** Why it is none of the authorities' for that use, name and day: the code and the words of OpenSSL. */
  readonly chainProblem?: { readonly code: string; readonly text: string }
}

const COAP = "\x04coap" // RFC 8323 §8.2, as ALPN writes it: Bun passes over a bare name

/** Bun lets everybody through: whoever it refuses could not be told why, and a pin is not for it to judge. */
export function bunTlsOptions({ certificate, key, ca, minVersion, serverName }: TlsSettings): TLSOptions {
  return {
    cert: certificate,
    key,
    // none where keys are pinned: GnuTLS shows no certificate to a server that asks for those of an authority
    ...(ca !== undefined && { ca }),
    requestCert: true, // said out loud: otherwise no client shows anything
    rejectUnauthorized: false,
    secureOptions: forbidden(minVersion),
    ALPNProtocols: COAP,
    ...(serverName !== undefined && { serverName }),
  }
}

function forbidden(minVersion: TlsSettings["minVersion"]): number {
  const { constants } = require("node:crypto") as typeof import("node:crypto") // a plain leg starts without it
  const older = constants.SSL_OP_NO_SSLv3 | constants.SSL_OP_NO_TLSv1 | constants.SSL_OP_NO_TLSv1_1
  // a ticket would let in tomorrow whoever was let in today, without its certificate being looked at again
  return older | constants.SSL_OP_NO_TICKET | (minVersion === "TLSv1.3" ? constants.SSL_OP_NO_TLSv1_2 : 0)
}

/**
 * What the peer has shown, once Bun calls `handshake`; or why there is nothing, in a few words.
 * @param problem what Bun says of the handshake or of the chain
 */
export function shownBy(socket: Socket<unknown>, problem: Error | null): ShownCertificate | Error {
  const code = problem && "code" in problem ? String(problem.code) : undefined
  if (code === "EPROTO" || code === "ECONNRESET") return handshakeError(problem, code)
  const certificate = socket.getPeerX509Certificate() as X509Certificate | undefined
  if (!certificate) return new Error("it shows no certificate")
  return {
    certificate,
    fingerprint: fingerprintOf(certificate.publicKey),
    ...(problem && { chainProblem: { code: code ?? "", text: problem.message } }),
  }
}

/** Whether a stream begins with a record of TLS (RFC 8446 §5.1), which is no message that CoAP may begin with. */
export const isTlsRecord = ([type = 0, version = 0]: Uint8Array): boolean =>
  type >= 0x14 && type <= 0x17 && version === 0x03

/** "sha256:" and 64 hexadecimal digits: of the public key, so that a certificate may be made anew for the same key. */
export const fingerprintOf = (publicKey: KeyObject): string =>
  `sha256:${Bun.SHA256.hash(publicKey.export({ type: "spki", format: "der" }), "hex")}`

// BoringSSL's reasons, in words
const REASONS: Record<string, string> = {
  WRONG_VERSION_NUMBER: "it does not speak TLS",
  HTTP_REQUEST: "it does not speak TLS",
  UNSUPPORTED_PROTOCOL: "it speaks an older TLS than cloud.tls.minVersion allows",
  TLSV1_ALERT_PROTOCOL_VERSION: "it wants a newer TLS",
  NO_APPLICATION_PROTOCOL: "it does not speak CoAP (ALPN)",
  TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "it does not speak CoAP (ALPN)",
}

/** It went away before the handshake was over. */
export class HungUp extends Error {
  override name = "HungUp"
}

function handshakeError(problem: Error | null, code: string): Error {
  if (code === "ECONNRESET") return new HungUp("it hung up during the handshake", { cause: problem })
  const [, reason = code] = /OPENSSL_internal:(\w+)/.exec(problem?.message ?? "") ?? []
  if (/ALERT_.*(CA|CERTIFICATE)/.test(reason)) return new Error(`it does not trust our certificate (${reason})`)
  return new Error(REASONS[reason] ?? `the handshake failed (${reason})`, { cause: problem })
}
