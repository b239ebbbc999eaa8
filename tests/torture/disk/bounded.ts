// Disks with an end to them: a file system of 1 MiB, and a limit on the size of files (setrlimit(2), RLIMIT_FSIZE).
import { existsSync } from "node:fs"
import { join } from "node:path"
import { addDays, type Day } from "../../../src/survey/calendar"
import { FAILED } from "./injection"
import { Programme } from "./programme"
import type { Sender } from "./sender"
import type { Site } from "./site"
import { soon } from "./soon"

const MOST_UPLOADS = 80 // the last 80 days: a survey each, all within retention
const FULL = /uploads are refused until there is room/

// The filler takes the rest when it is told to. When room is asked for, it goes and the disk grows: what waits for the cloud
// takes some, and the logs of both databases. What is left when the programme ends moves to the disk below.
const ON_TMPFS = `
  data=$1 filler=$1/filler kept=$1.kept filled=$1.filled; shift
  rm -f "$filled"
  keep() { rm -rf "$kept"; cp -a "$data" "$kept"; rm -f "$kept"/*.reserve; }
  keep
  mount -t tmpfs -o size=1m tmpfs "$data"
  cp -a "$kept/." "$data"
  head -c 131072 /dev/zero > "$filler"
  trap 'cat /dev/zero >> "$filler" 2> /dev/null || true; : > "$filled"' USR2
  trap 'rm "$filler"; mount -o remount,size=4m "$data"' USR1
  trap 'kill $child' TERM
  "$@" & child=$!
  while kill -0 $child 2> /dev/null; do wait $child && exit=0 || exit=$?; done
  wait $child 2> /dev/null && exit=0 || { last=$?; [ $last = 127 ] || exit=$last; } # a wait that a signal broke off
  keep
  umount "$data"
  cp -a "$kept/." "$data"
  exit $exit`

/** The command line of a shell script with file systems of its own. */
export const inNamespace = (script: string, ...args: readonly string[]) => [
  ...["unshare", "--map-root-user", "--mount", "sh", "-ec", script, "sh"],
  ...args,
]

/** Why there can be no file system of our own here; undefined where there can. */
export function missingMount(): string | undefined {
  if (!Bun.which("unshare")) return "unshare missing: apt-get install util-linux"
  const { success, stderr } = Bun.spawnSync(inNamespace('mount -t tmpfs tmpfs "$1"', import.meta.dir))
  return success ? undefined : `no file system may be mounted here: ${stderr}`
}

/**
 * Uploads until the disk is full and beyond, makes room, and uploads on; resolves with what went wrong.
 * @param values where the humidity of the readings begins
 */
export async function fillDisk(site: Site, values: number): Promise<string[]> {
  site.reset()
  const command = site.command(["gateway", "cloud"])
  await using programme = new Programme(inNamespace(ON_TMPFS, join(site.folder, "data"), ...command))
  using sender = await site.sender()
  const uploads = new Uploads(site, sender, programme, values)
  const problems: string[] = []

  if (!(await uploads.untilRefused())) problems.push(`${uploads.acknowledged.size} surveys fit on a disk of 1 MiB`)
  // days that the cloud has make room for newer ones, as long as nobody else takes it
  programme.signal("SIGUSR2")
  // of two signals that wait, the shell would take that one first which makes room
  if (!(await soon(() => existsSync(join(site.folder, "data.filled"))))) problems.push("the disk was not filled")
  if (!(await uploads.untilFull())) problems.push(`it does not say that the disk is full: ${programme.said}`)
  programme.signal("SIGUSR1")
  if (!(await uploads.untilTaken())) problems.push(`it takes nothing when there is room: ${programme.said}`)
  const exit = await programme.stop()
  if (exit !== 0) problems.push(`it ends with ${exit}: ${programme.said}`)
  return [...problems, ...(await uploads.judge())]
}

/** Uploads until a file may not grow beyond the limit; resolves with what went wrong. */
export async function limitFiles(site: Site, limitBytes: number, values: number): Promise<string[]> {
  site.reset()
  const command = site.command(["gateway", "cloud"])
  await using programme = new Programme(["prlimit", `--fsize=${limitBytes}`, ...command])
  using sender = await site.sender()
  const uploads = new Uploads(site, sender, programme, values)
  const problems: string[] = []
  if (await uploads.untilRefused()) problems.push("a limit is no full disk: coming again does not help")
  const exit = await programme.stop()
  if (exit !== 70 || !FAILED.test(programme.lastLine)) problems.push(`it ends with ${exit}: ${programme.said}`)
  return [...problems, ...(await uploads.judge())].map((problem) => `files of ${limitBytes} bytes: ${problem}`)
}

/** A device's surveys of the last days, latest first, one after the other. */
class Uploads {
  /** Days whose survey must reach the store. */
  readonly acknowledged = new Set<Day>()
  #next: Day
  /** By how much the last day's humidity has changed. */
  #revised = 0

  constructor(
    private readonly site: Site,
    private readonly sender: Sender,
    private readonly programme: Programme,
    private readonly values: number,
  ) {
    this.#next = site.day
  }

  /** Whether there was a refusal before the programme ended or the days did. */
  async untilRefused(): Promise<boolean> {
    while (this.programme.exit === undefined && this.acknowledged.size < MOST_UPLOADS) {
      const answer = await this.#put()
      // a refusal that was lost is not said again where the older day has made room meanwhile: that is refused for good
      if (answer === "refused" || typeof answer === "object") return true
    }
    return false
  }

  /** Sends other values of the last day until it is said that there is no room: of an older one the gateway may have let go. */
  async untilFull(): Promise<boolean> {
    const isSaid = async () => {
      await this.#putRevised()
      return FULL.test(this.programme.said)
    }
    return (await soon(isSaid)) ?? false
  }

  /** Sends them until they are taken. */
  async untilTaken(): Promise<boolean> {
    return (await soon(async () => (await this.#putRevised()) === "acknowledged")) ?? false
  }

  /** What is wrong once the databases are on a disk that is well. */
  async judge(): Promise<string[]> {
    const { surprise, said } = this.programme
    const problems = surprise === undefined ? [] : [`it says ${surprise}: ${said}`]
    const uploads = [...this.acknowledged]
    try {
      const { day } = this.site
      await this.site.finish({ text: this.#textOf(day), acknowledged: this.acknowledged.has(day) })
    } catch (error) {
      problems.push(`${uploads.length} acknowledged, and then ${error}`)
    }
    const stored = new Set(await this.site.stored())
    const lost = uploads.filter((day) => !linesOf(this.#textOf(day)).every((line) => stored.has(`${day} ${line}`)))
    if (lost.length > 0) problems.push(`acknowledged and lost: ${lost.join()}`)
    return [...problems, ...this.site.damage]
  }

  async #put() {
    const answer = await this.sender.put(this.#next, this.#textOf(this.#next))
    if (answer === "acknowledged") {
      this.acknowledged.add(this.#next)
      this.#next = addDays(this.#next, -1)
    }
    return answer
  }

  #putRevised() {
    this.#next = this.site.day
    this.#revised = 1
    return this.#put()
  }

  #textOf(day: Day): string {
    const revised = day === this.site.day ? this.#revised : 0
    const humidity = (Number(day.replaceAll("-", "")) + this.values + revised) % 100
    const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"))
    return hours.map((hour) => `${hour}:00 - 20 - ${humidity}%\n`).join("")
  }
}

const linesOf = (text: string): string[] => text.trimEnd().split("\n")
