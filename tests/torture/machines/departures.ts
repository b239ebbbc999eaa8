// What leaves an installation: devices, a name, and days that are older than the gateway keeps them.
import { Code } from "../../../src/coap/code"
import { HOUR_MS } from "../network/chance"
import { UPLINK } from "./declaration"
import type { Installation } from "./installation"
import { after, type Directed, expect, FILED, isStored, quarantined } from "./script"

const LARGE = 400 // readings of a survey: more text than a row of the quarantine holds

export const DEPARTURES: Readonly<Record<string, Directed>> = {
  "a device that leaves while its surveys wait": {
    days: 4,
    plan: (installation) => {
      const { gateway, cloud, measured } = installation
      const [day, next] = [measured.yesterday, measured.daysAgo(0)]
      after(installation, 20, () => installation.whileOff(cloud, () => {}, 8 * HOUR_MS))
      after(installation, 26, () =>
        installation.whileOff(gateway, () => {
          installation.gone.gateway = new Set([FILED])
        }),
      )
      expect(installation, 30, "it has come", () => isStored(installation, FILED, next))
      loseStore(installation, 40)
      expect(installation, 51, "it has come to the new store", () => isStored(installation, FILED, next))
      expect(installation, 51, "also what had been delivered before", () => isStored(installation, FILED, day))
    },
  },

  "a site that is renamed, and back": {
    days: 3,
    plan: (installation) => {
      const day = installation.measured.yesterday
      renameBoth(installation, 5, "hill")
      expect(installation, 6, "the kept days have come under the new name", () => isStored(installation, FILED, day))
      loseStore(installation, 7)
      renameBoth(installation, 30, "greenhouse")
      expect(installation, 31, "they have come under the old name", () => isStored(installation, FILED, day))
    },
  },

  "a refused survey that is older than the gateway keeps delivered ones": {
    days: 7,
    retentionDays: 2,
    readings: LARGE,
    plan: (installation) => {
      const { front, measured } = installation
      const day = measured.yesterday
      front.answers = ({ address }, [, , what, ip, of]) =>
        address === UPLINK && what === "surveys" && ip === FILED && of === day ? Code.NotFound : undefined
      expect(installation, 51, "it is in quarantine", () => quarantined(installation, FILED, day) !== undefined)
      expect(installation, 150, "it is there still", () => quarantined(installation, FILED, day) !== undefined)
    },
  },
}

function loseStore(installation: Installation, hours: number): void {
  const { files, cloud, databases } = installation
  after(installation, hours, () =>
    installation.whileOff(cloud, () => {
      databases.replace("the store is a new one", () => files.lose("store"))
    }),
  )
}

function renameBoth(installation: Installation, hours: number, name: string): void {
  const { gateway, cloud, names } = installation
  after(installation, hours, () => {
    for (const [end, machine] of [
      ["cloud", cloud],
      ["gateway", gateway],
    ] as const) {
      installation.whileOff(machine, () => {
        names[end] = name
      })
    }
  })
}
