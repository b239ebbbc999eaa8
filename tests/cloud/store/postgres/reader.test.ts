import { describe } from "bun:test"
import { missingPostgres } from "../../../postgres"
import { describeReader } from "../reader"
import { PostgresBench } from "./bench"

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  describeReader("StoreReader of a PostgreSQL server", PostgresBench.open)
})
