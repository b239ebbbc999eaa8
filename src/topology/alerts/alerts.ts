// The section `alerts`: a monitor, who is told, and of what. Its URLs are secrets.
import * as v from "valibot"
import { checkedText, choice, section } from "../fields"
import { rules } from "./rules"

/** In which form a message is posted; without one the URL tells. */
export const FORMS = ["text", "json", "slack", "discord", "telegram", "gotify"] as const

export type Form = (typeof FORMS)[number]

const isWebUrl = (text: string) => /^https?:\/\/[^\s/?#]\S*$/i.test(text) && URL.canParse(text)

const toldUrl = checkedText(
  isWebUrl,
  "an http or https URL, such as https://ntfy.sh/your-topic",
  "A URL that messages are posted to: of ntfy, Slack, Discord, Telegram, Gotify, or any other. Keep it secret.",
)

/** Somebody who is told. */
export interface Target {
  readonly url: string
  readonly as?: Form | undefined
}

const target = v.pipe(
  v.union([
    toldUrl,
    section("A URL, and in which form messages are posted to it.", {
      url: v.pipe(toldUrl, v.examples(["https://chat.example/hooks/your-hook"])),
      as: v.optional(choice(FORMS, "The form of a message: as this service takes it, as text, or as JSON.")),
    }),
  ]),
  v.description("A URL that messages are posted to, or { url: …, as: slack } where it does not tell the service."),
  v.transform((told): Target => (typeof told === "string" ? { url: told } : told)),
)

export const alerts = section("Who is told how the runs go, and what the readings are watched for.", {
  heartbeat: v.optional(
    checkedText(
      isWebUrl,
      "an http or https URL, such as https://hc-ping.com/your-uuid",
      "A monitor's URL, by Healthchecks' convention: each run's summary is posted to it, to /fail behind it when the run is incomplete, and to /start at its start. Keep it secret.",
    ),
  ),
  to: v.optional(
    v.pipe(v.array(target), v.description("Who is told when a rule begins or ceases to hold, once a run at most.")),
    [],
  ),
  rules: v.optional(rules, {}),
})
