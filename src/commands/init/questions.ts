// What `init` has to know of a network: options on a command line, questions before a terminal.
import type { Options } from "../arguments"

/** In the order in which they are asked for: an answer may be the reason for the next one's default. */
export const QUESTIONS = {
  site: { type: "string", value: "NAME", help: "the site's name, part of every stored reading" },
  "time-zone": { type: "string", value: "ZONE", help: "the zone of days and times, such as Europe/Rome" },
  at: { type: "string", value: "HH:MM", help: "when every device sends the day before" },
  "device-network": { type: "string", value: "ADDRESS/PREFIX", help: "the gateway's address on the devices' network" },
  "cloud-network": { type: "string", value: "ADDRESS/PREFIX", help: "the gateway's address on the cloud's network" },
  cloud: { type: "string", value: "ADDRESS", help: "the cloud's address or host name" },
  devices: { type: "string", value: "NAMES", help: "the devices' names with commas between, or how many they are" },
  "first-device": { type: "string", value: "ADDRESS", help: "the first device's address; the others follow it" },
} as const satisfies Options

export type Name = keyof typeof QUESTIONS
export type Answers = Readonly<Record<Name, string>>

export const NAMES = Object.keys(QUESTIONS) as readonly Name[]
