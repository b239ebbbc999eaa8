// The files that a run writes: where they belong, and whether something else has their place.
import { type Stats, statSync } from "node:fs"
import { dirname, isAbsolute, normalize, resolve, sep } from "node:path"
import { isServerUrl } from "../cloud/server-url"
import type { Topology } from "../topology"
import type { Finding } from "./problem"

export type Environment = Readonly<Record<string, string | undefined>>

/** The folder of a topology that `service` installs; its state directory is that of the same name. */
const SERVICE_FOLDER = /^\/etc\/(smart-meter(?:-simulated)?)$/

/** Where such a file belongs: `data/` is the state directory where there is one. */
export function dataPath(path: string, folder: string, environment: Environment): string {
  const relative = normalize(path)
  const inData = !isAbsolute(path) && relative.startsWith(`data${sep}`)
  const state = stateDirectory(folder, environment)
  return inData && state ? resolve(state, relative.slice(5)) : resolve(folder, path)
}

/** As the service manager says, or as it would say: whoever looks at a service is not started by it. */
function stateDirectory(folder: string, { STATE_DIRECTORY }: Environment): string | undefined {
  // systemd lists several directories with colons between (systemd.exec(5)); the first is ours
  const [given] = STATE_DIRECTORY?.split(":") ?? []
  const [, service] = SERVICE_FOLDER.exec(folder) ?? []
  return given || (service && `/var/lib/${service}`)
}

/** What stands where the spool and the store belong, and is no file. What cannot be seen may be sound. */
export function dataFaults({ gateway, cloud }: Topology): Finding[] {
  return [
    { path: ["gateway", "spool"], message: faultOf(gateway.spool) },
    { path: ["cloud", "store"], message: isServerUrl(cloud.store) ? undefined : faultOf(cloud.store) },
  ].flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }]))
}

function faultOf(file: string): string | undefined {
  const found = look(file)
  if (found === "ENOTDIR") return `must be a file in a folder: ${fileAbove(file)} is a file and no folder`
  if (found === "ELOOP") return `must be a file: the links of ${file} lead round in a circle`
  if (found === "ENAMETOOLONG") return "must be a file: its name is too long"
  if (typeof found === "string" || found.isFile()) return undefined
  if (found.isDirectory()) return `must be a file: ${file} is a folder, name a file in it`
  return `must be a file: ${file} is ${kindOf(found)}, name another place`
}

function kindOf(found: Stats): string {
  if (found.isFIFO()) return "a pipe"
  return found.isSocket() ? "a socket" : "a device"
}

/** Or the system's code that says why not. */
function look(path: string): Stats | string {
  try {
    return statSync(path)
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : ""
  }
}

function fileAbove(path: string): string {
  const folder = dirname(path)
  return look(folder) === "ENOTDIR" ? fileAbove(folder) : folder
}
