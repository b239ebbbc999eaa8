// What stands in the way of those who are told, as far as it can be seen without telling anybody.
import { accessSync, constants } from "node:fs"
import { resolve } from "node:path"
import type { Clock } from "../clock"
import { errorText } from "../format"
import { readSecret, type Secret } from "../topology/alerts/secret"
import type { Recipients } from "./messenger"
import { tryOnce } from "./patience"
import { lookAt } from "./script"

export interface Fault {
  /** In one line, with the key in topology.yaml. */
  readonly text: string
  /** A variable may be set where the cloud runs, though it is not here. */
  readonly isCertain: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

interface Kept extends Recipients {
  /** Where the monitor's URL is kept, or the URL. */
  readonly heartbeat?: string | Secret | undefined
}

/** Secrets that are not where they should be. */
export function secretFaults({ heartbeat, targets, smtp, folder }: Kept, environment: Environment): Fault[] {
  const faults = targets.flatMap((target, index) =>
    target.kind === "web" && typeof target.url !== "string"
      ? secretFault(`alerts.to[${index}]`, target.url, folder, environment)
      : [],
  )
  if (heartbeat !== undefined && typeof heartbeat !== "string") {
    faults.push(...secretFault("alerts.heartbeat", heartbeat, folder, environment))
  }
  if (smtp?.password) faults.push(...secretFault("alerts.smtp.password", smtp.password, folder, environment))
  if (smtp?.ca !== undefined && !isReadable(resolve(folder, smtp.ca))) {
    faults.push({ text: `alerts.smtp.ca: ${smtp.ca} is not there, or may not be read`, isCertain: true })
  }
  return faults
}

function secretFault(key: string, secret: Secret, folder: string, environment: Environment): Fault[] {
  try {
    readSecret(secret, folder, environment)
    return []
  } catch (error) {
    const reason = errorText(error)
    return [{ text: `${key}: ${reason}`, isCertain: secret.kind === "file" }]
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false // which is all that is asked
  }
}

/** The same, and scripts that cannot be called: they are loaded, in a thread of their own. */
export async function faultsOf(told: Kept, environment: Environment, clock: Clock): Promise<Fault[]> {
  const ofScripts = told.targets.map(async (target, index): Promise<Fault[]> => {
    if (target.kind !== "script") return []
    const outcome = await tryOnce(lookAt(target.path, told.folder), clock, new AbortController().signal)
    return outcome.kind === "taken" ? [] : [{ text: `alerts.to[${index}]: ${outcome.reason}`, isCertain: true }]
  })
  return [...(await Promise.all(ofScripts)).flat(), ...secretFaults(told, environment)]
}
