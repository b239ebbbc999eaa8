import { describe } from "bun:test"
import { missingPostgres } from "../../../postgres"
import { describeStore } from "../contract"
import { PostgresBench } from "./bench"

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  describeStore("PostgresStore", PostgresBench.open)
})
