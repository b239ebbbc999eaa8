// A course from a seed: a small site, and what chance lets happen to it.
import { Chance, randomFor } from "../network/chance"
import { type CourseResult, type Ground, playCourse } from "./course"
import type { Declared, Source } from "./declaration"
import { Plan } from "./plan"

const MOST_DAYS = 8

export function playRandom(seed: number, ground: Ground): Promise<CourseResult> {
  const chance = new Chance(randomFor(seed, "what kind of course"))
  const sources: Source[] = [
    chance.pick("files", "files", "file"),
    "sensor",
    ...(chance.is(0.5) ? ["files" as const] : []),
  ]
  if (chance.is(0.3)) sources.push("sensor")
  const devices = sources.map((source, index): Declared => ({ ip: `192.168.1.${index + 2}`, source }))
  const days = chance.whole(3, MOST_DAYS)
  return playCourse({
    ...ground,
    seed,
    devices,
    days,
    retentionDays: chance.pick(9, 14, 30, 30),
    firstDay: chance.whole(0, 364),
    plan: (installation) => new Plan(installation, new Chance(randomFor(seed, "what happens")), days).make(),
  })
}
