// What a person drops, and copies of before that come back: it stays dropped, and what is acknowledged later is kept.
import type { Day } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import { DAY_MS } from "../network/chance"
import type { Kind } from "./files"
import type { Installation } from "./installation"
import { carryOut } from "./people"
import { after, type Directed, expect, FILED, isStored, quarantined, SENSOR } from "./script"

export const DROPS: Readonly<Record<string, Directed>> = {
  // 4.09, as the cloud itself gives it
  "a spool of before a drop": {
    days: 5,
    plan: (installation) => {
      const day = installation.measured.yesterday
      keepCopy(installation, 4, "spool")
      dropAt(installation, 5, FILED, day)
      expect(installation, 6, "it is gone", () => !isStored(installation, FILED, day))
      bringBack(installation, 7, "spool")
      after(installation, 7.1, () => deliverAll(installation))
      expect(installation, 76, "it is in quarantine with the reason", () => {
        return quarantined(installation, FILED, day)?.reason.includes("was dropped here") === true
      })
      expect(installation, 100, "it is gone still", () => !isStored(installation, FILED, day))
    },
  },

  "a store of before a drop": {
    days: 3,
    plan: (installation) => {
      const day = installation.measured.yesterday
      keepCopy(installation, 4, "store")
      dropAt(installation, 5, FILED, day)
      bringBack(installation, 7, "store")
      expect(installation, 27, "it is gone at the next run", () => !isStored(installation, FILED, day))
      expect(installation, 27, "the others are there", () => isStored(installation, SENSOR, day))
    },
  },

  // the cloud's revision is from a clock that was ahead: what comes before the cloud hears of the drop has a lower one
  "a survey between a drop and its word to the cloud": {
    days: 3,
    plan: (installation) => {
      const { gateway, cloud, measured } = installation
      const day = measured.yesterday
      keepCopy(installation, 4, "spool")
      after(installation, 5, () => gateway.setClock(2 * DAY_MS))
      after(installation, 5.5, () => sendCorrected(installation, day))
      after(installation, 8, () => gateway.setClock(0))
      bringBack(installation, 8.5, "spool")
      after(installation, 9, () => installation.whileOff(cloud, () => {}, DAY_MS / 8))
      dropAt(installation, 9.5, SENSOR, day)
      after(installation, 10, () => sendCorrected(installation, day))
      expect(installation, 27, "it has come", () => isStored(installation, SENSOR, day))
    },
  },
}

const copies = new WeakMap<Installation, string>()

function keepCopy(installation: Installation, hours: number, kind: Kind): void {
  after(installation, hours, () => {
    const copy = installation.files.copy(kind)
    if (copy !== undefined) copies.set(installation, copy)
  })
}

function bringBack(installation: Installation, hours: number, kind: Kind): void {
  const { files, gateway, cloud } = installation
  after(installation, hours, () =>
    installation.whileOff(kind === "spool" ? gateway : cloud, () => {
      const copy = copies.get(installation)
      if (copy === undefined) return
      installation.databases.replace(`the ${kind} is of earlier`, () => files.restore(kind, copy))
    }),
  )
}

function dropAt(installation: Installation, hours: number, ip: string, day: Day): void {
  const address = parseAddress(ip) ?? 0
  after(installation, hours, () =>
    installation.whileOff(installation.gateway, () =>
      carryOut(installation, {
        ask: "drop",
        day,
        first: address,
        last: address,
      }),
    ),
  )
}

/** The spool's days go to the cloud once more, as after `bun run resend`. */
function deliverAll(installation: Installation): void {
  const day = installation.measured.daysAgo(1)
  installation.whileOff(installation.gateway, () => carryOut(installation, { ask: "resend", from: day, to: day }))
}

function sendCorrected(installation: Installation, day: Day): void {
  installation.measured.correct(SENSOR, day)
  installation.sensors.send(SENSOR, day)
}
