// The thread that holds the sessions of bridge.ts: it works while the simulation's own thread waits.

import { serialize } from "bun:jsc"
import { SQL } from "bun"
import type { Answer, Asked, Opened } from "./bridge"

declare const self: Worker

interface Held {
  readonly options: SQL.PostgresOrMySQLOptions
  readonly sql: SQL
  /** Of the server's process. */
  readonly pid: number
}

const LOOK_MS = 1

const sessions = new Map<number, Held>()
let onlooker: SQL | undefined
let state: Int32Array<SharedArrayBuffer>
let room: Uint8Array<SharedArrayBuffer>

self.onmessage = async ({ data }: MessageEvent<Opened | Asked>) => {
  if (!("ask" in data)) {
    state = new Int32Array(data.state)
    room = new Uint8Array(data.room)
    return
  }
  const bytes = new Uint8Array(serialize(await answer(data)))
  room.set(bytes)
  Atomics.store(state, 0, bytes.length)
  Atomics.notify(state, 0)
}

async function answer(asked: Asked): Promise<Answer> {
  try {
    if (asked.ask === "open") return await open(asked.session, asked.options)
    const session = sessions.get(asked.session)
    if (!session) throw new Error(`session ${asked.session} is closed`)
    if (asked.ask === "cut") return await cut(asked.session, session)
    const rows = await session.sql.unsafe(asked.text, [...asked.values])
    return { rows: [...rows], count: rows.count }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { error: { code: "", ...error, message: error.message } }
  }
}

async function open(number: number, options: SQL.PostgresOrMySQLOptions): Promise<Answer> {
  const sql = new SQL({ ...options, max: 1 })
  const [{ pid }] = await sql.unsafe("SELECT pg_backend_pid() AS pid")
  sessions.set(number, { options, sql, pid })
  return { rows: [], count: 0 }
}

/** As a kill does. Until the server has noticed, it holds the locks of the session's transaction. */
async function cut(number: number, { options, sql, pid }: Held): Promise<Answer> {
  sessions.delete(number)
  await sql.close({ timeout: 0 })
  onlooker ??= new SQL({ ...options, max: 1 })
  while ((await onlooker.unsafe("SELECT FROM pg_stat_activity WHERE pid = $1", [pid])).count > 0)
    await Bun.sleep(LOOK_MS)
  return { rows: [], count: 0 }
}
