import { describe, setDefaultTimeout } from "bun:test"
import { missingPostgres, PATIENCE_MS } from "../../../postgres"
import { describeStore } from "../contract"
import { PostgresBench } from "./bench"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  describeStore("PostgresStore", PostgresBench.open)
})
