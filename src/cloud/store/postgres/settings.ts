// What a server must do, or an acknowledgement would be a promise that it does not keep: it is asked before anything is
// taken. Rejects with StorageError where a person has set it otherwise.
import { StorageError, StorageUnavailable } from "../../../storage/errors"
import type { Server } from "./server"

const NEEDED = [
  {
    name: "fsync",
    why: "a power cut there would take what was acknowledged",
  },
  {
    name: "synchronous_commit",
    why: "a crash there would take what was acknowledged",
  },
  {
    name: "full_page_writes",
    why: "a power cut there would leave damaged pages",
  },
] as const

export async function checkSettings(server: Server): Promise<void> {
  const settings = await server.settings([...NEEDED.map(({ name }) => name), "transaction_read_only"])
  for (const { name, why } of NEEDED) {
    if (settings.get(name) !== "off") continue
    throw new StorageError(
      `${server.shown} has ${name} = off: ${why}. Set it on by ALTER SYSTEM, or by ALTER ROLE or DATABASE where it is theirs`,
    )
  }
  if (settings.get("transaction_read_only") === "on") {
    throw new StorageUnavailable(`${server.shown} is a standby, or read-only for another reason`)
  }
}
