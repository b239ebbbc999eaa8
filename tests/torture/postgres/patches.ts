// The changes of the programme's sources with which it keeps its store on a real server, within simulated time.
import { fileURLToPath } from "node:url"
import { type Patch, replaceOnce } from "../sources"

const POOL = fileURLToPath(import.meta.resolve("./pool.ts"))

export const ON_POSTGRES: readonly Patch[] = [
  {
    file: "cloud/store/postgres/server.ts",
    change: (text) => {
      const simulated = `import { SimulatedSql as SQL } from ${JSON.stringify(POOL)}`
      const imported = replaceOnce(text, 'import { SQL } from "bun"', simulated)
      return replaceOnce(imported, "new SQL({", "new SQL({ clock: this.#clock,")
    },
  },
  {
    // no other cloud leaves anything: looks that would find nothing are left out
    file: "cloud/cloud.ts",
    change: (text) => replaceOnce(text, "const ATTEND_EVERY_MS = 5000", "const ATTEND_EVERY_MS = 21_600_000"),
  },
]
