// The store on a PostgreSQL server: a database for each lane, copied whole from a kept one, as a file would be.
import type { PostgresServer } from "../../../postgres"
import { byDayAndDevice, type Engine, READINGS, type Row } from "../engine"

// by now whoever was killed is long gone, and with it what it had begun
const LEFT_OPEN = `SELECT pid, state, query FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    AND xact_start IS NOT NULL`

export function postgresEngine(server: PostgresServer): Engine {
  const urlOf = (name: string) => server.url("", name)
  const remake = async (name: string, template: string) => {
    await server.run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await server.run(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  }
  return {
    placeOf: (lane) => urlOf(`lane${lane}`),
    empty: (lane) => remake(`lane${lane}`, "template0"),
    keep: (lane) => remake(`kept${lane}`, `lane${lane}`),
    layOut: (lane) => remake(`lane${lane}`, `kept${lane}`),
    async look(store) {
      const open = await server.run(LEFT_OPEN, store)
      const rows = await server.run(`${READINGS} ORDER BY day, device, time`, store)
      const problems = open.map((session) => `a transaction was left open: ${JSON.stringify(session)}`)
      return { problems, readings: byDayAndDevice(rows as unknown as Row[]) }
    },
  }
}
