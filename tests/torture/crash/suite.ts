// Crash: gateway, cloud and device killed at each system call of a full cycle that changes a disk or speaks to somebody,
// as soon as they acknowledge, and at random times. Nothing that was acknowledged is lost, nothing is doubled.
import type { TortureSuite } from "../suite"
import { wage } from "./campaign"
import { SQLITE } from "./engine"
import { COURSES, plan } from "./plan"
import { faultsFor } from "./planted"

const FULL_KILLS = 10_000

export const crash: TortureSuite = {
  name: "crash",
  short: 50 / FULL_KILLS,
  missing: missingToCrash,
  run: ({ scale, ...options }) => {
    const kills = Math.max(1, Math.round(FULL_KILLS * scale))
    return wage({ name: "crash", engine: SQLITE, kinds: COURSES, plan, faults: faultsFor, kills }, options)
  },
}

/** Why this machine cannot stop a process at a system call. */
export function missingToCrash(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux"
  for (const programme of ["setpriv", "strace"]) {
    if (Bun.which(programme) === null) return `${programme} is not installed`
  }
  return Bun.spawnSync(["strace", "-o", "/dev/null", "true"]).success ? undefined : "strace may not watch a process"
}
