// In which form a service takes a message; most are known by their URL.
import type { Form } from "../topology/alerts/targets"
import type { Message } from "./message"
import { firstBytes, type Letter, parseUrl } from "./post"

const DISCORD_CHARACTERS = 2000 // https://discord.com/developers/docs/resources/webhook#execute-webhook
const TELEGRAM_CHARACTERS = 4096 // https://core.telegram.org/bots/api#sendmessage
const NTFY_BYTES = 4096 // https://docs.ntfy.sh/publish/#limitations
const TEXT = { "Content-Type": "text/plain; charset=utf-8" }
const JSON_TYPE = { "Content-Type": "application/json" }

export interface Service {
  readonly url: string
  readonly as?: Form | undefined
  /** Where its URL stands in topology.yaml. */
  readonly key: string
}

export function letterTo({ url: written, as, key }: Service, { title, text }: Message): Letter {
  const url = parseUrl(written, key)
  const whole = `${title}\n${text}`
  const json = (value: unknown): Letter => ({ url, headers: JSON_TYPE, body: JSON.stringify(value), key })
  switch (as ?? formOf(url)) {
    case "slack":
      return json({ text: forSlack(whole) })
    case "discord":
      return json({ content: cut(whole, DISCORD_CHARACTERS), allowed_mentions: { parse: [] } })
    case "gotify":
      return json({ title, message: text })
    case "json":
      return json({ title, text })
    case "telegram":
      return telegram(url, key, cut(whole, TELEGRAM_CHARACTERS))
    case "text":
      return { url, headers: { ...TEXT, Title: title }, body: firstBytes(text, NTFY_BYTES), key }
  }
}

function formOf({ hostname, pathname, searchParams }: URL): Form {
  if (hostname === "hooks.slack.com") return "slack"
  if (/(^|\.)discord(app)?\.com$/.test(hostname) && pathname.startsWith("/api/webhooks/")) return "discord"
  if (hostname === "api.telegram.org" && pathname.startsWith("/bot")) return "telegram"
  if (pathname.endsWith("/message") && searchParams.has("token")) return "gotify"
  return "text"
}

/** `https://api.telegram.org/bot<token>/sendMessage?chat_id=…`: what stands behind the ? goes with the message. */
function telegram(base: URL, key: string, text: string): Letter {
  const url = new URL(base)
  if (!/\/sendMessage\/?$/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, "")}/sendMessage`
  const parameters = Object.fromEntries(url.searchParams)
  url.search = ""
  return { url, headers: JSON_TYPE, body: JSON.stringify({ ...parameters, text }), key }
}

/** A device's word calls nobody: https://api.slack.com/reference/surfaces/formatting#escaping */
const forSlack = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** By whole characters. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`
}
