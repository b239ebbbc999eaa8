// The quarantine as it is read, also beside a running gateway.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"

/** `stranger`: of somebody who is not declared; `delivery`: the cloud refused it; `reading`: newer values came. */
export const KINDS = ["line", "message", "stranger", "delivery", "reading"] as const
export type Kind = (typeof KINDS)[number]

/** A refusal as it is kept; `at` is ms since the epoch. */
export interface Quarantined {
  readonly id: number
  readonly at: number
  readonly kind: Kind
  /** Whose share of the room it takes: the device's address, a stranger's own. */
  readonly sender: string
  /** Address and port that it came from. */
  readonly peer: string | null
  /** The declared device; of a stranger, the one that it spoke for. */
  readonly address: number | null
  readonly day: Day | null
  readonly reason: string
  readonly bytes: Uint8Array
  /** How many bytes there were: more than are kept, where those were too many. */
  readonly size: number
  /** 1: today's rules may take it; 0: it is damaged, cut or superseded. */
  readonly again: 0 | 1
}

/** Which of them; without anything, all. */
export interface Filter {
  /** Those that tell a day: this one and later ones. */
  readonly from?: Day | undefined
  /** This one and earlier ones. */
  readonly to?: Day | undefined
  /** The device's, or a stranger's own. */
  readonly address?: number | undefined
  readonly kind?: Kind | undefined
  /** The last one that its owner has seen: later ones are spared. */
  readonly upTo?: number | undefined
}

type Value = string | number | null

/** For a WHERE, whose first six values are `filterValues()`. */
export const FILTERED = `(?1 IS NULL OR day >= ?1) AND (?2 IS NULL OR day <= ?2)
  AND (?3 IS NULL OR address = ?3 OR sender = ?4) AND (?5 IS NULL OR kind = ?5) AND (?6 IS NULL OR id <= ?6)`

export const filterValues = ({ from, to, address, kind, upTo }: Filter): Value[] => [
  from ?? null,
  to ?? null,
  address ?? null,
  address === undefined ? null : formatAddress(address),
  kind ?? null,
  upTo ?? null,
]

const PAGE = 64

/** Pages of them. Newest first, what comes meanwhile is not among them. */
export function* readQuarantined(
  sqlite: Database,
  filter: Filter,
  order: "newest first" | "oldest first",
): Generator<readonly Quarantined[]> {
  const rising = order === "oldest first"
  const page = sqlite.query<Quarantined, Value[]>(
    `SELECT * FROM quarantine WHERE ${FILTERED} AND id ${rising ? ">" : "<"} ?7
     ORDER BY id ${rising ? "" : "DESC"} LIMIT ${PAGE}`,
  )
  for (let last = rising ? 0 : Number.MAX_SAFE_INTEGER; ; ) {
    const rows = page.all(...filterValues(filter), last)
    if (rows.length === 0) return
    yield rows
    last = rows.at(-1)?.id ?? last
  }
}

/** How many there are of each kind, and the newest one's id; 0 where there is none. */
export function countQuarantined(
  sqlite: Database,
  filter: Filter = {},
): { readonly kinds: Readonly<Record<Kind, number>>; readonly newest: number } {
  const rows = sqlite
    .query<{ kind: Kind; rows: number; newest: number }, Value[]>(
      `SELECT kind, count(*) AS rows, max(id) AS newest FROM quarantine WHERE ${FILTERED} GROUP BY kind`,
    )
    .all(...filterValues(filter))
  const counted = Object.fromEntries(rows.map(({ kind, rows }) => [kind, rows]))
  return {
    kinds: { line: 0, message: 0, stranger: 0, delivery: 0, reading: 0, ...counted },
    newest: Math.max(0, ...rows.map(({ newest }) => newest)),
  }
}
