// All targets by name, and how many cases each gets.
import { Codec } from "./codec"
import { Formats } from "./formats"
import { Frames } from "./frames"
import { Oscore } from "./oscore"
import { Sessions } from "./sessions"
import { Surveys } from "./surveys"
import type { Target } from "./target"
import { Topologies } from "./topologies"

export const TARGETS = {
  codec: () => new Codec(),
  frames: () => new Frames(),
  oscore: () => new Oscore(),
  sessions: () => new Sessions(),
  surveys: () => new Surveys(),
  topologies: () => new Topologies(),
  formats: () => new Formats(),
} satisfies Record<string, () => Target>

export type TargetName = keyof typeof TARGETS

export const isTargetName = (name: string): name is TargetName => Object.hasOwn(TARGETS, name)

const INPUTS = 1_000_000_000
const TOPOLOGIES = 1_000_000
const FOREIGN_FILES = 1_000_000

/** Cases at scale 1. */
export const FULL: Readonly<Record<TargetName, number>> = {
  codec: 0.9295 * INPUTS,
  frames: 0.04 * INPUTS,
  oscore: 0.0005 * INPUTS,
  sessions: 0.005 * INPUTS,
  surveys: 0.025 * INPUTS,
  topologies: TOPOLOGIES,
  formats: FOREIGN_FILES,
}

/** What a case costs, in datagrams to the codec: by it the work is shared out. */
export const COST: Readonly<Record<TargetName, number>> = {
  codec: 1,
  frames: 5,
  oscore: 1000,
  sessions: 30,
  surveys: 7,
  topologies: 800,
  formats: 150,
}
