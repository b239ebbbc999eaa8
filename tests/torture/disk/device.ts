// A device whose survey cannot be read: it says why, and sends it when it can.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Programme } from "./programme"
import type { Site } from "./site"

const READS = ["open", "openat", "stat", "statx", "newfstatat", "fstat", "read", "pread64"]
const TEXT = "08:00 - 3 - 33%\n"
const EXIT = { ok: 0, incomplete: 1 }

/** Every system call of one kind on the survey fails, kind after kind; resolves with what went wrong. */
export async function failSurvey(site: Site): Promise<string[]> {
  const problems: string[] = []
  site.reset()
  const survey = join(site.folder, site.survey)
  writeFileSync(survey, TEXT)
  await using _ = await site.start({ gateway: true, cloud: true })
  let failed = 0
  for (const call of [...READS, undefined]) {
    const command = site.command(["device", site.ip, "--once"])
    await using programme = new Programme(call ? failing(call, survey, command) : command)
    const exit = await programme.ended()
    const told = programme.said.includes(`${site.survey} cannot be read: EIO`)
    if (told) failed++
    const wanted = told ? EXIT.incomplete : EXIT.ok
    if (programme.surprise !== undefined || exit !== wanted) {
      problems.push(`the device whose ${call ?? "disk is well"} fails ends with ${exit}: ${programme.said}`)
    }
  }
  if (failed === 0) problems.push("no call on the survey failed")
  return problems
}

const failing = (call: string, survey: string, command: readonly string[]): string[] => [
  ...["strace", "-D", "-f", "-o", "/dev/null", "-P", survey, "-e", `trace=${call}`, "-e", `inject=${call}:error=EIO`],
  ...command,
]
