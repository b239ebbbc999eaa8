// A script that is told: its default export, called in a thread of its own, and cut off when it takes too long.
import { statSync } from "node:fs"
import { resolve } from "node:path"
import { errorText } from "../format"
import { printable, shorten } from "../printable"
import { ScriptWorker, type Task } from "../script/worker"
import type { AlertEvent } from "./event"
import type { Errand, Failure, Taken } from "./patience"
import { codeOf } from "./post"

const TIME_LIMIT_MS = 30_000
const REASON_CHARACTERS = 200
const SIGNATURE = "(event) => …"

/**
 * @param path as it stands in alerts.to
 * @param folder what relative paths start from
 */
export const callOf = (path: string, folder: string, event: AlertEvent): Errand =>
  errandOf(path, folder, "nothing", [event])

/** Loads it, and calls nothing: whether it is a script that can be told. */
export const lookAt = (path: string, folder: string): Errand => errandOf(path, folder, "look", [])

function errandOf(path: string, folder: string, wanted: Task["wanted"], args: readonly unknown[]): Errand {
  const absolute = resolve(folder, path)
  const task: Task = { path: absolute, args, wanted, signature: SIGNATURE }
  return { to: path, withinMs: TIME_LIMIT_MS, attempt: (signal) => attempt(path, folder, task, signal) }
}

async function attempt(path: string, folder: string, task: Task, signal: AbortSignal): Promise<Taken | Failure> {
  const fault = faultOf(task.path)
  if (fault !== undefined) return { kind: "failed", reason: `${path} ${fault}: check alerts.to`, passing: false }
  const worker = ScriptWorker.start() // each time anew: it may have been edited
  try {
    await worker.ask(task, signal)
    return { kind: "taken" }
  } catch (error) {
    const message = errorText(error).replaceAll(`${folder}/`, "")
    const [line = ""] = message.split(/[\r\n]/, 1)
    return { kind: "failed", reason: path + shorten(printable(line), REASON_CHARACTERS), passing: true }
  } finally {
    worker.end(new Error("it was told"))
  }
}

function faultOf(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) return "is not there"
    return found.isFile() ? undefined : "is not a file"
  } catch (error) {
    return `cannot be read (${codeOf(error)})`
  }
}
