// Where a PostgreSQL server is and what its password is, as libpq finds out (PostgreSQL's documentation, §34.1, §34.15,
// §34.16): the URL first, then PGHOST and the like; PGPASSWORD, then the password file.
import { readFileSync, statSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { isWithoutHost, parseServerUrl } from "../../../topology/cloud/server-url"

/** Where a server is, and as whom it is spoken to. */
export interface ServerPlace {
  /** A host's name or address, or the folder of a socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

type Environment = Readonly<Record<string, string | undefined>>

const PORT = 5432
const OTHERS = 0o077

export function serverPlace(store: string, environment: Environment): ServerPlace {
  const { hostname, port, pathname, username, searchParams } = parseServerUrl(store)
  const isHostTold = !isWithoutHost(store)
  const user =
    searchParams.get("user") || decodeURIComponent(username) || environment.PGUSER || environment.USER || "postgres"
  const database = searchParams.get("dbname") || decodeURIComponent(pathname.slice(1)) || environment.PGDATABASE || user
  return {
    host: searchParams.get("host") || (isHostTold && decodeURIComponent(hostname)) || environment.PGHOST || "localhost",
    port: Number(searchParams.get("port") || port || environment.PGPORT || PORT),
    database,
    user,
  }
}

/** What PGPASSWORD or the password file says; undefined where neither says anything, as of a server that asks for none. */
export function libpqPassword(place: ServerPlace, store: string, environment: Environment): string | undefined {
  if (environment.PGPASSWORD) return environment.PGPASSWORD
  const file =
    parseServerUrl(store).searchParams.get("passfile") ||
    environment.PGPASSFILE ||
    join(environment.HOME || homedir(), ".pgpass")
  const found = statSync(file, { throwIfNoEntry: false })
  // libpq too does not read one that others may read
  if (!found?.isFile() || (found.mode & OTHERS) !== 0) return undefined
  return passwordIn(readFileSync(file, "utf8"), place)
}

/** Of the first line `host:port:database:user:password` that fits; * is whatever it is, and \ stands before : and \ (§34.16). */
export function passwordIn(text: string, { host, port, database, user }: ServerPlace): string | undefined {
  const isSocket = host.startsWith("/")
  const asked = [isSocket ? "localhost" : host, String(port), database, user]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = ""]) =>
      field.replaceAll(/\\(.)/g, "$1"),
    )
    const [password] = fields.slice(asked.length)
    const fits = asked.every(
      (value, at) => fields[at] === "*" || fields[at] === value || (at === 0 && fields[at] === host),
    )
    if (fits && password !== undefined) return password
  }
  return undefined
}
