// Who is told: a URL, a mail address, a script. A URL is a secret.
import * as v from "valibot"
import { parseAddress } from "../address"
import { isScript } from "../devices"
import { choice, plainText, refused, section } from "../fields"
import { isVariable, nameOfSecret, type Secret, secretFile, variable } from "./secret"

/** In which form a message is posted; without one the URL tells. */
export const FORMS = ["text", "json", "slack", "discord", "telegram", "gotify"] as const

export type Form = (typeof FORMS)[number]

export interface WebTarget {
  readonly kind: "web"
  /** As it is written, or where it is kept. */
  readonly url: string | Secret
  readonly as?: Form | undefined
}

export interface MailTarget {
  readonly kind: "mail"
  readonly address: string
}

export interface ScriptTarget {
  readonly kind: "script"
  /** Relative to the topology's folder. */
  readonly path: string
}

/** Somebody who is told. */
export type Target = WebTarget | MailTarget | ScriptTarget

export const isWebUrl = (text: string): boolean => /^https?:\/\/[^\s/?#]\S*$/i.test(text) && URL.canParse(text)

/** Beyond one's own network everybody on the way could read it, and post to it. */
const isPrivateEnough = (text: string): boolean => /^https:/i.test(text) || isOnOwnNetwork(new URL(text).hostname)

/** Why a URL is none to post to, as it follows "must be"; undefined where it is one. */
export function urlFault(text: string): string | undefined {
  if (!isWebUrl(text)) return URL_RULE
  return isPrivateEnough(text) ? undefined : HTTPS_RULE
}

const URL_RULE = "an http or https URL, such as https://ntfy.sh/your-topic"
const HTTPS_RULE = "an https URL: http is for one's own network"

// RFC 1918, 6598, 3927; RFC 4193 and 4291 of IPv6
const OWN_RANGES = [
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^127\./,
  /^169\.254\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
]
const OWN_RANGES_6 = /^\[(::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)\]$/
// RFC 6762, 8375, 6761, and what ICANN has set aside or routers use
const OWN_NAMES = /^[^.]+$|\.(local|home\.arpa|localhost|internal|lan|home|test)$/

/** Whether a host is on this machine or on a network that its owner runs, as far as its name or address tells. */
export function isOnOwnNetwork(host: string): boolean {
  if (parseAddress(host) !== undefined) return OWN_RANGES.some((range) => range.test(host))
  return host.startsWith("[") ? OWN_RANGES_6.test(host) : OWN_NAMES.test(host.toLowerCase().replace(/\.$/, ""))
}

const MAIL = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?$/ // RFC 5321, without its quotes

export const isMailAddress = (text: string): boolean => MAIL.test(text)

const isScriptFile = (text: string): boolean => /^[^\0-\x1f\x7f]+$/.test(text) && !/^\w+:/.test(text) && isScript(text)

const MAILTO = "mailto:"
const RULE =
  "an https URL such as https://ntfy.sh/your-topic, mailto: with an address, a script such as notify.ts, or $NAME of the environment"

function isTarget(text: string): boolean {
  if (text.startsWith(MAILTO)) return isMailAddress(text.slice(MAILTO.length))
  return isWebUrl(text) || isVariable(text) || isScriptFile(text)
}

function targetOf(text: string): Target {
  if (text.startsWith(MAILTO)) return { kind: "mail", address: text.slice(MAILTO.length) }
  if (isWebUrl(text)) return { kind: "web", url: text }
  if (isVariable(text)) return { kind: "web", url: variable(text) }
  return { kind: "script", path: text }
}

const checkedUrl = v.check((text: string) => !isWebUrl(text) || isPrivateEnough(text), refused(HTTPS_RULE))

const urlText = v.pipe(
  plainText(URL_RULE, "A URL that messages are posted to, or $NAME of the environment. Keep it secret."),
  v.check((text) => isWebUrl(text) || isVariable(text), refused(`${URL_RULE}, or $NAME of the environment`)),
  checkedUrl,
  v.transform((text): string | Secret => (isVariable(text) ? variable(text) : text)),
)

const webTarget = section("A URL, and in which form messages are posted to it.", {
  url: v.pipe(
    v.union([urlText, secretFile("A file that holds the URL, which nobody but its owner may read.")]),
    v.description("The URL; $NAME, a variable of the environment that holds it; or { file: keys/chat }."),
    v.examples(["https://chat.example/hooks/your-hook"]),
  ),
  as: v.optional(choice(FORMS, "The form of a message: as this service takes it, as text, or as JSON.")),
})

const DESCRIPTION =
  "Who is told: a URL that messages are posted to (ntfy, Slack, Discord, Telegram, Gotify, or any other), mailto: and " +
  "an address, a script, or $NAME of a URL in the environment. { url: …, as: slack } where a URL does not tell the service."

export const target = v.pipe(
  v.union([
    v.pipe(plainText(RULE, DESCRIPTION), v.check(isTarget, refused(RULE)), checkedUrl, v.transform(targetOf)),
    v.pipe(
      webTarget,
      v.transform(({ url, as }): Target => ({ kind: "web", url, ...(as && { as }) })),
    ),
  ]),
  v.description(DESCRIPTION),
)

/** Shown to people: of a URL its host, for the rest is a secret. */
export function labelOfTarget(target: Target): string {
  if (target.kind === "mail") return target.address
  if (target.kind === "script") return target.path
  return typeof target.url === "string" ? (URL.parse(target.url)?.host ?? "a URL") : nameOfSecret(target.url)
}
