// The mail server that messages go through.
import * as v from "valibot"
import { checkedText, choice, host, path, plainText, section, wholeNumber } from "../fields"
import { secret } from "./secret"
import { isMailAddress, isOnOwnNetwork } from "./targets"

/** How the way to a mail server is kept from others' eyes, with the port where it usually is (RFC 8314, RFC 5321). */
export const SMTP_PORTS = { starttls: 587, tls: 465, none: 25 } as const

export type Security = keyof typeof SMTP_PORTS

const SECURITIES = ["starttls", "tls", "none"] as const satisfies readonly Security[]

const smtpSection = section("The mail server that messages to a mailto: go through.", {
  host: v.pipe(host("The mail server's host name or IPv4 address."), v.examples(["smtp.example.org"])),
  port: v.optional(wholeNumber(1, 65535, "Its TCP port; by default 587, of security: tls 465, of none 25.")),
  security: v.optional(
    choice(SECURITIES, "starttls: encrypted after a greeting; tls: from the start; none: on one's own network only."),
    "starttls",
  ),
  user: v.optional(plainText("a user's name", "Who logs in; nobody does without one.")),
  password: v.optional(
    secret("keys/smtp", "The user's password: $NAME of the environment, or { file: keys/smtp } with mode 0600."),
  ),
  from: v.pipe(
    checkedText(
      isMailAddress,
      "a mail address",
      "Whom the messages are from; many servers take only an address of the user.",
    ),
    v.examples(["you@example.org"]),
  ),
  ca: v.optional(path("A file with the certificates that the server's own is signed by, where no public one does.")),
})

const LONE_USER = "needs a password beside it: { file: keys/smtp } or $NAME"

export const smtp = v.pipe(
  smtpSection,
  v.forward(
    v.check(({ user, password }) => user === undefined || password !== undefined, LONE_USER),
    ["user"],
  ),
  v.forward(
    v.check(({ user, password }) => password === undefined || user !== undefined, "needs a user beside it"),
    ["password"],
  ),
  v.forward(
    v.check(
      ({ host, security }) => security !== "none" || isOnOwnNetwork(host),
      "none is for a server on one's own network: everybody on the way could read along",
    ),
    ["security"],
  ),
)

export type Smtp = v.InferOutput<typeof smtp>
