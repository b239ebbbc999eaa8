// The files that a run writes: where they belong.
import { isAbsolute, normalize, resolve, sep } from "node:path"

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
