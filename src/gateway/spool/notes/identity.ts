// Which spool this is, and whose: a random id tells the cloud two spools of one site apart.
import type { Database } from "bun:sqlite"
import type { Random } from "../../../clock"
import type { DurableDatabase } from "../../../storage/database"
import type { GroupCommit } from "../../../storage/group-commit"

export interface Identity {
  /** 16 hexadecimal digits. */
  readonly id: string
  /** The site that it was of until now, where that is another one. */
  readonly formerSite: string | undefined
}

const HALF = 0x1_0000_0000

/** The site that the spool is of; undefined before its first start. */
export const siteOf = (sqlite: Database): string | undefined =>
  sqlite.query<{ site: string }, []>("SELECT site FROM spool").get()?.site

/** Reads the spool's identity, or makes one, and notes whose it is from now on. Resolves once that is durable. */
export async function identify(
  database: DurableDatabase,
  commits: GroupCommit,
  site: string,
  random: Random,
): Promise<Identity> {
  const known = database.sqlite.query<{ id: string; site: string }, []>("SELECT id, site FROM spool").get()
  const id = known?.id ?? half(random) + half(random)
  if (known?.site === site) return { id, formerSite: undefined }
  await commits.add(() => {
    database.sqlite.run("DELETE FROM spool")
    database.sqlite.query("INSERT INTO spool VALUES (?1, ?2)").run(id, site)
    // to the cloud these days are new under the new name
    if (known) database.sqlite.run("UPDATE collections SET confirmed = 0")
  })
  return { id, formerSite: known?.site }
}

const half = (random: Random): string =>
  Math.floor(random() * HALF)
    .toString(16)
    .padStart(8, "0")
