// Every 4.xx that the cloud can give to a delivery, and where its readings end: after two runs they still come by
// themselves, after three they are in quarantine with the reason, and `--retry` brings them to the store. And 2.31, which
// promises nothing.
import { Code, formatCode } from "../../../src/coap/code"
import { HOUR_MS } from "../network/chance"
import { UPLINK } from "./declaration"
import type { Installation } from "./installation"
import { addRefusedLine } from "./older"
import { after, type Directed, expect, FILED, isDue, isStored, quarantined, SENSOR } from "./script"

/** Given by a front, for what the cloud itself would say of a survey that it never gets here. */
const BY_FRONT = [
  Code.BadRequest,
  Code.BadOption,
  Code.Forbidden,
  Code.NotFound,
  Code.Conflict,
  Code.RequestEntityTooLarge,
  Code.UnsupportedContentFormat,
] as const

const [BEHIND_FIRST_RUN, BEHIND_SECOND_RUN, BEHIND_THIRD_RUN] = [3, 27, 51] // hours
const RUNS_AT_HOURS = [1, 25, 49, 73]
const RESTED_MS = 23.4 * HOUR_MS

const believed = BY_FRONT.map((code): [string, Directed] => [
  `${formatCode(code)} on three runs`,
  {
    days: 4,
    plan: (installation) => {
      const day = installation.measured.yesterday
      refuse(installation, code)
      expectWaiting(installation, BEHIND_FIRST_RUN)
      expectWaiting(installation, BEHIND_SECOND_RUN)
      expect(installation, BEHIND_THIRD_RUN, "it is in quarantine with the reason", () => {
        return quarantined(installation, FILED, day)?.reason.includes("So the front says") === true
      })
      after(installation, BEHIND_THIRD_RUN + 1, () => agree(installation))
      expect(installation, BEHIND_THIRD_RUN + 40, "it waits for a person", () => !isStored(installation, FILED, day))
    },
  },
])

const disbelieved = BY_FRONT.map((code): [string, Directed] => [
  `${formatCode(code)} on two runs`,
  {
    days: 4,
    plan: (installation) => {
      const day = installation.measured.yesterday
      refuse(installation, code)
      expectWaiting(installation, BEHIND_SECOND_RUN)
      after(installation, BEHIND_SECOND_RUN + 1, () => agree(installation))
      expect(installation, BEHIND_THIRD_RUN, "it has come by itself", () => isStored(installation, FILED, day))
      expect(installation, BEHIND_THIRD_RUN, "nothing is in quarantine", () => !quarantined(installation, FILED, day))
    },
  },
])

export const REFUSALS: Readonly<Record<string, Directed>> = {
  ...Object.fromEntries([...believed, ...disbelieved]),

  // damage on the way says nothing of the survey, however often it comes
  "4.08 on four runs": {
    days: 4,
    plan: (installation) => {
      const day = installation.measured.yesterday
      refuse(installation, Code.RequestEntityIncomplete)
      restBetweenRuns(installation)
      for (const run of RUNS_AT_HOURS)
        expect(installation, run + 0.3, "it is due", () => isDue(installation, FILED, day))
      after(installation, 74, () => agree(installation))
      expect(installation, 75, "it has come by itself", () => isStored(installation, FILED, day))
    },
  },

  "2.31 to everything on a run": {
    days: 2,
    plan: (installation) => {
      const { front, measured } = installation
      const day = measured.yesterday
      front.answers = ({ address }) => (address === UPLINK ? Code.Continue : undefined)
      expect(installation, 1.4, "it is due", () => isDue(installation, FILED, day))
      after(installation, 1.5, () => agree(installation))
      expect(installation, 3, "it has come by itself", () => isStored(installation, FILED, day))
    },
  },

  "4.00 for a line that breaks a rule": {
    days: 4,
    plan: (installation) => {
      const day = installation.measured.yesterday
      const { gateway } = installation
      after(installation, 5, () => installation.whileOff(gateway, () => addRefusedLine(installation, FILED, day)))
      expect(installation, 51, "the others are not held up", () => {
        return isStored(installation, SENSOR, installation.measured.daysAgo(1))
      })
      expect(installation, 75, "it is in quarantine with line and rule", () => {
        return /line \d+: Humidity/.test(quarantined(installation, FILED, day)?.reason ?? "")
      })
    },
  },

  "a line that breaks a rule, in a survey that is revised": {
    days: 2,
    plan: (installation) => {
      const { gateway, measured, sensors } = installation
      const day = measured.yesterday
      after(installation, 5, () => installation.whileOff(gateway, () => addRefusedLine(installation, SENSOR, day)))
      after(installation, 6, () => {
        measured.correct(SENSOR, day)
        sensors.send(SENSOR, day)
      })
    },
  },

  "4.03 for a site that the cloud does not know yet": {
    days: 4,
    plan: (installation) => {
      const day = installation.measured.yesterday
      const { gateway, cloud, names } = installation
      const renameAt = (hours: number, end: "gateway" | "cloud") =>
        after(installation, hours, () => {
          installation.whileOff(end === "gateway" ? gateway : cloud, () => {
            names[end] = "hill"
          })
        })
      renameAt(0.1, "gateway")
      restBetweenRuns(installation)
      expect(installation, 51, "it is due", () => isDue(installation, FILED, day))
      renameAt(52, "cloud")
      expect(installation, 75, "it has come by itself", () => isStored(installation, FILED, day))
    },
  },
}

function refuse({ front }: Installation, code: number): void {
  front.answers = ({ address }, [, , what, ip]) =>
    address === UPLINK && what === "surveys" && ip === FILED ? code : undefined
}

function agree({ front }: Installation): void {
  front.answers = () => undefined
}

/** A gateway that is not answered well comes again every minute, which proves no more than a few of them. */
function restBetweenRuns(installation: Installation): void {
  for (const run of RUNS_AT_HOURS.slice(0, -1)) {
    after(installation, run + 0.4, () => installation.whileOff(installation.gateway, () => {}, RESTED_MS))
  }
}

/** It is due and not in quarantine, and the others have come. */
function expectWaiting(installation: Installation, hours: number): void {
  const day = installation.measured.yesterday // the beginning's: it is called then
  expect(installation, hours, "it is due", () => isDue(installation, FILED, day))
  expect(installation, hours, "it is not in quarantine", () => !quarantined(installation, FILED, day))
  expect(installation, hours, "the others are not held up", () => isStored(installation, SENSOR, day))
}
