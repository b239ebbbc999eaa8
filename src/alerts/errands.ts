// Each of those who are told by the way that is theirs: over the web, by mail, through a script.
import { errorText } from "../format"
import type { News } from "../news"
import { readSecret } from "../topology/alerts/secret"
import type { Smtp } from "../topology/alerts/smtp"
import { labelOfTarget, type Target, urlFault, type WebTarget } from "../topology/alerts/targets"
import { type AlertEvent, eventOf, trialEvent } from "./event"
import { mailOf } from "./mail"
import { type Message, messageOf, trialMessage } from "./message"
import type { Errand, Failure, Taken } from "./patience"
import { type PostOptions, postOf } from "./post"
import { callOf } from "./script"
import { letterTo } from "./services"

/** What it takes to tell somebody. */
export interface Means extends PostOptions {
  readonly site: string
  /** What the paths of scripts and secrets start from. */
  readonly folder: string
  readonly smtp: Smtp | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A target and the key in topology.yaml that it stands at. */
export interface Addressee {
  readonly target: Target
  readonly key: string
}

/** What a target is told, as JSON can keep it; which of them it is is known when it is sent. */
export type Words = Message | Omit<AlertEvent, "id">

/** The id is the same on each try. */
export type IdentifiedWords = Words & { readonly id: string }

export const wordsFor = ({ kind }: Target, news: News): Words => (kind === "script" ? eventOf(news) : messageOf(news))

export const trialFor = ({ kind }: Target, site: string): Words =>
  kind === "script" ? trialEvent(site) : trialMessage(site)

/** @param words as `wordsFor()` has made them for it */
export function errandTo({ target, key }: Addressee, words: IdentifiedWords, means: Means): Errand {
  const { site, folder, smtp, environment } = means
  switch (target.kind) {
    case "script":
      return callOf(target.path, folder, words as AlertEvent)
    case "mail":
      if (!smtp) return never(target, `${key} is a mail, and there is no alerts.smtp`)
      return mailOf({ ...words, to: target.address, site, key }, { smtp, folder, environment })
    case "web":
      return webErrand(target, key, words, means)
  }
}

/** A URL that is kept elsewhere is read when it is needed: it may have changed. */
function webErrand(target: WebTarget, key: string, words: Message, means: Means): Errand {
  const { url, as } = target
  if (typeof url === "string") return postOf(letterTo({ url, as, key }, words), means)
  try {
    const found = readSecret(url, means.folder, means.environment)
    const fault = urlFault(found)
    if (fault !== undefined) return never(target, `${labelOfTarget(target)} must hold ${fault}`)
    return postOf(letterTo({ url: found, as, key }, words), means)
  } catch (error) {
    return never(target, errorText(error))
  }
}

const never = (target: Target, reason: string): Errand => ({
  to: labelOfTarget(target),
  withinMs: 1,
  attempt: async (): Promise<Taken | Failure> => ({ kind: "failed", reason, passing: false }),
})
