// Writes src/topology/topology.schema.json, by which editors check and explain topology.yaml: `bun run schema`.
import { toJsonSchema } from "@valibot/to-json-schema"
import { topologySchema } from "../../src/topology/topology"

export const SCHEMA_FILE = new URL("../../src/topology/topology.schema.json", import.meta.url)

/** The JSON Schema of topology.yaml as the file holds it. */
export function schemaText(): string {
  const schema = toJsonSchema(topologySchema, {
    typeMode: "input",
    ignoreActions: ["check"],
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      // A default that is computed, as the time zone, belongs to the machine and not into the file.
      if ("default" in valibotSchema && typeof valibotSchema.default === "function") delete jsonSchema.default
      return jsonSchema
    },
  })
  return `${JSON.stringify(schema, null, 2)}\n`
}

if (import.meta.main) await Bun.write(SCHEMA_FILE, schemaText())
