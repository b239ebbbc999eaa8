// Asks the gateway, the spool's only writer; where none runs, what is asked for is done on the spool.
import { existsSync, readFileSync, statSync } from "node:fs"
import { systemClock } from "../clock"
import { refusedText } from "../gateway/control/carry-out"
import { carryOutOffline } from "../gateway/control/offline"
import type { SpoolRequest } from "../gateway/control/request"
import { checkFolder, type Place, socketOf } from "../gateway/control/socket"
import { INVOCATION } from "../installation"
import { askUnix, type UnixAnswer } from "../net/unix"
import { StorageError, StorageInUse, StorageRefused } from "../storage/errors"
import type { Addressing } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import { UsageError } from "./arguments"
import type { Screen } from "./screen"

const ANSWER_WITHIN_MS = 120_000 // a million surveys take seconds: beyond this it hangs
const EXIT_REFUSED = 1

/**
 * Tells what was done, and resolves with the exit code, 1 when the disk refuses. Throws StorageError where the gateway
 * cannot be asked.
 * @param addressing of whoever made the spool
 */
export async function ask(
  request: SpoolRequest,
  topology: Topology,
  addressing: Addressing,
  screen: Screen,
): Promise<number> {
  const answer = await askGateway(request, topology.gateway.spool)
  const { status, text } = answer ?? (await answerOffline(request, topology, addressing))
  if (status === 503) {
    screen.error(text)
    return EXIT_REFUSED
  }
  if (status !== 200) throw status < 500 ? new UsageError(text) : new Error(text)
  screen.success(text)
  if (!answer && request.ask !== "quarantine-clear") {
    screen.info(`  What is due for the cloud goes when the gateway starts: ${INVOCATION} start`)
  }
  return 0
}

/** Undefined where nobody listens. Throws StorageError where the gateway cannot be asked. */
export async function askGateway(request: SpoolRequest, spool: string): Promise<UnixAnswer | undefined> {
  const place = socketOf(spool)
  checkFolder(place, spool)
  try {
    return await askUnix(place.path, JSON.stringify(request), ANSWER_WITHIN_MS)
  } catch (cause) {
    throw new StorageError(whyUnanswered(cause, place), { cause })
  }
}

async function answerOffline(request: SpoolRequest, topology: Topology, addressing: Addressing): Promise<UnixAnswer> {
  try {
    return { status: 200, text: await carryOutOffline(request, topology, addressing, systemClock) }
  } catch (error) {
    if (error instanceof StorageRefused) return { status: 503, text: refusedText(error) }
    throw error instanceof StorageInUse ? unanswered(error, topology) : error
  }
}

/** The spool is held, and whoever holds it does not answer. */
export function unanswered(cause: StorageInUse, { gateway }: Topology): StorageError {
  const { path } = socketOf(gateway.spool)
  return new StorageError(`Nothing was done: nobody answers at ${path}, and ${cause.message}`, { cause })
}

function whyUnanswered(cause: unknown, { path, shortFolder }: Place): string {
  if (!(cause instanceof Error)) return `The gateway cannot be asked at ${path}: ${cause}`
  if (cause.name === "TimeoutError")
    return `The gateway has not answered yet at ${path}, and may still do what was asked`
  const code = "code" in cause ? cause.code : undefined
  if (code === "ECONNRESET") return `The gateway ended before it answered at ${path}: ask again`
  if (code !== "EACCES") return `The gateway cannot be asked at ${path}: ${cause.message}`
  const { uid, gid } = statSync(shortFolder ?? path)
  const user = nameIn("/etc/passwd", uid)
  const who = shortFolder ? `user ${user}` : `user ${user} or as a member of group ${nameIn("/etc/group", gid)}`
  return `You may not ask the gateway at ${path}: ask as ${who}, such as with sudo -u ${user}`
}

/** As passwd(5) and group(5) have it; where they do not, as sudo takes a number. */
function nameIn(file: string, id: number): string {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
  const entry = lines.map((line) => line.split(":")).find(([, , number]) => number === String(id))
  return entry?.[0] ?? `#${id}`
}
