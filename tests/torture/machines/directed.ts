// Courses that are not left to chance: where the readings end for each 4.xx that the cloud can give, and what a drop means
// when copies of before come back.
import { type CourseResult, type Ground, playCourse } from "./course"
import { DEPARTURES } from "./departures"
import { DROPS } from "./drops"
import { REFUSALS } from "./refusals"
import { after, DEVICES, type Directed, SENSOR } from "./script"

const RETENTION_DAYS = 30
const FIRST_DAY = 100 // of the year
const SENT_AT_HOURS = [0.2, 24.2, 48.2, 72.2] // before each run

const COURSES: Readonly<Record<string, Directed>> = { ...REFUSALS, ...DROPS, ...DEPARTURES }

export const DIRECTED = Object.keys(COURSES)

/** Plays the course of this name; what fails does not make it throw. */
export function playDirected(name: string, ground: Ground): Promise<CourseResult> {
  const course = COURSES[name]
  if (!course) throw new Error(`there is no course ${name}`)
  return playCourse({
    ...ground,
    seed: Bun.hash.xxHash32(name),
    devices: DEVICES,
    retentionDays: course.retentionDays ?? RETENTION_DAYS,
    readings: course.readings,
    firstDay: FIRST_DAY,
    days: course.days,
    plan: (installation) => {
      const send = () => installation.sensors.send(SENSOR, installation.measured.yesterday)
      for (const hours of SENT_AT_HOURS) after(installation, hours, send)
      course.plan(installation)
    },
  })
}
