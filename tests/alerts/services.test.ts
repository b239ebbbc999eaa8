import { expect, test } from "bun:test"
import { letterTo, type Service } from "../../src/alerts/services"

const KEY = "alerts.to[0]"
const MESSAGE = { title: "greenhouse: 1 new (dry)", text: "Sunday\n✖ tomatoes: dry, 12 %" }
const WHOLE = `${MESSAGE.title}\n${MESSAGE.text}`
const TEXT = "text/plain; charset=utf-8"

function sent(target: Omit<Service, "key">) {
  const { url, headers, body } = letterTo({ ...target, key: KEY }, MESSAGE)
  return {
    url: url.href,
    headers,
    body: headers["Content-Type"] === TEXT ? new TextDecoder().decode(body as Uint8Array) : JSON.parse(String(body)),
  }
}

test.each([
  ["https://hooks.slack.com/services/T0/B0/x", { text: WHOLE }],
  ["https://discord.com/api/webhooks/1/x", { content: WHOLE, allowed_mentions: { parse: [] } }],
  ["https://discordapp.com/api/webhooks/1/x", { content: WHOLE, allowed_mentions: { parse: [] } }],
  ["https://gotify.example/message?token=x", { title: MESSAGE.title, message: MESSAGE.text }],
])("letterTo() knows %s by its form", (url, body) => {
  expect(sent({ url })).toEqual({ url, headers: { "Content-Type": "application/json" }, body })
})

test.each([
  "https://api.telegram.org/bot1:x/sendMessage?chat_id=-100&parse_mode=HTML",
  "https://api.telegram.org/bot1:x?chat_id=-100&parse_mode=HTML",
])("letterTo() gives Telegram what stands behind the ? with the message", (url) => {
  expect(sent({ url })).toMatchObject({
    url: "https://api.telegram.org/bot1:x/sendMessage",
    body: { chat_id: "-100", parse_mode: "HTML", text: WHOLE },
  })
})

test.each([
  "https://ntfy.sh/topic",
  "http://10.10.10.9:8080/hook?x=1",
  "https://notslack.com/services/T0",
  "https://xdiscord.com/api/webhooks/1",
])("letterTo() gives %s the text, its title beside it", (url) => {
  expect(sent({ url })).toEqual({ url, headers: { "Content-Type": TEXT, Title: MESSAGE.title }, body: MESSAGE.text })
})

test("letterTo() takes the form that is told before that of the URL", () => {
  expect(sent({ url: "https://chat.example/hooks/x", as: "slack" }).body).toEqual({ text: WHOLE })
  expect(sent({ url: "https://hooks.slack.com/services/x", as: "json" }).body).toEqual(MESSAGE)
})

test("letterTo() cuts what is too long, between two characters", () => {
  const long = { title: "t", text: "🌱".repeat(3000) }
  const content: string = JSON.parse(
    String(letterTo({ url: "https://a.b", as: "discord", key: KEY }, long).body),
  ).content
  expect(content.length).toBeLessThanOrEqual(2000)
  expect(content.isWellFormed()).toBe(true)
  expect(content.endsWith("🌱…")).toBe(true)
})

test("letterTo() lets no device's word call anybody in Slack or Discord", () => {
  const loud = { title: "t", text: "<!channel> & @everyone" }
  const bodyFor = (as: "slack" | "discord") =>
    JSON.parse(String(letterTo({ url: "https://a.b", as, key: KEY }, loud).body))
  expect(bodyFor("slack").text).toBe("t\n&lt;!channel&gt; &amp; @everyone")
  expect(bodyFor("discord").allowed_mentions).toEqual({ parse: [] })
})

test("letterTo() keeps ntfy's text within what it shows as a message", () => {
  const { body } = letterTo({ url: "https://ntfy.sh/x", key: KEY }, { title: "t", text: "°".repeat(5000) })
  expect(new TextDecoder("utf-8", { fatal: true }).decode(body as Uint8Array)).toBe("°".repeat(2048))
})
