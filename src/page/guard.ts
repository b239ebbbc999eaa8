// Who may look: GET and HEAD alone, under the host's own name, and beyond this machine with the password.
import { createHash, timingSafeEqual } from "node:crypto"

export interface GuardOptions {
  /** Host names under which the page is asked for; any where a password or a proxy guards it. */
  readonly hosts: readonly string[] | undefined
  /** Of HTTP Basic (RFC 7617), for whatever user's name; none without it. */
  readonly password: string | undefined
}

const ALLOWED = "GET, HEAD"

/** Undefined for whoever may look, or what is answered instead. */
export function refuse(request: Request, { hosts, password }: GuardOptions): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("This page is read-only: GET and HEAD\n", { status: 405, headers: { Allow: ALLOWED } })
  }
  // a name that somebody points here would make the page a part of his own site (DNS rebinding)
  if (hosts && !hosts.includes(hostOf(request))) {
    return new Response(`This page is asked for as ${hosts[0]}\n`, { status: 421 })
  }
  if (password !== undefined && !isPassword(request, password)) {
    const headers = { "WWW-Authenticate": 'Basic realm="Smart Meter", charset="UTF-8"' }
    return new Response("A password is needed\n", { status: 401, headers })
  }
  return undefined
}

/** Without its port. */
function hostOf(request: Request): string {
  const host = request.headers.get("host") ?? ""
  return host.replace(/:\d+$/, "").toLowerCase()
}

function isPassword(request: Request, password: string): boolean {
  const [scheme, credentials = ""] = (request.headers.get("authorization") ?? "").split(" ")
  if (scheme?.toLowerCase() !== "basic") return false
  const given = Buffer.from(credentials, "base64")
    .toString()
    .replace(/^[^:]*:/, "")
  return timingSafeEqual(digest(given), digest(password))
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
