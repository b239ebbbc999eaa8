import { describe, setDefaultTimeout } from "bun:test"
import { missingPostgres, PATIENCE_MS } from "../../../postgres"
import { describeReader } from "../reader"
import { PostgresBench } from "./bench"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  describeReader("StoreReader of a PostgreSQL server", PostgresBench.open)
})
