// The section `alerts`: a monitor, who is told, and of what. Its URLs are secrets.
import * as v from "valibot"
import { checkedText, section } from "../fields"
import { rules } from "./rules"
import { isVariable, type Secret, secretFile, variable } from "./secret"
import { smtp } from "./smtp"
import { isWebUrl, target } from "./targets"

const HEARTBEAT =
  "A monitor's URL, by Healthchecks' convention: each run's summary is posted to it, to /fail behind it when the run is incomplete, and to /start at its start. Or $NAME of it in the environment. Keep it secret."

const heartbeat = v.pipe(
  v.union([
    v.pipe(
      checkedText(
        (text) => isWebUrl(text) || isVariable(text),
        "an http or https URL, such as https://hc-ping.com/your-uuid",
        HEARTBEAT,
      ),
      v.transform((text): string | Secret => (isVariable(text) ? variable(text) : text)),
    ),
    secretFile("A file that holds the URL, which nobody but its owner may read."),
  ]),
  v.description(HEARTBEAT),
)

const alertsSection = section("Who is told how the runs go, and what the readings are watched for.", {
  heartbeat: v.optional(heartbeat),
  to: v.optional(
    v.pipe(v.array(target), v.description("Who is told when a rule begins or ceases to hold, once a run at most.")),
    [],
  ),
  smtp: v.optional(smtp),
  rules: v.optional(rules, {}),
})

const SMTP =
  "smtp: { host: smtp.example.org, user: you@example.org, password: { file: keys/smtp }, from: you@example.org }"

export const alerts = v.pipe(
  alertsSection,
  v.forward(
    v.check(
      ({ to, smtp }) => smtp !== undefined || !to.some(({ kind }) => kind === "mail"),
      `has a mail: say through which server, in alerts:  ${SMTP}`,
    ),
    ["to"],
  ),
)

export type Alerts = v.InferOutput<typeof alerts>
