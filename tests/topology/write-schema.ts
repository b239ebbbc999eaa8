// Writes src/topology/topology.schema.json, by which editors check and explain topology.yaml: `bun run schema`.
import { toJsonSchema } from "@valibot/to-json-schema"
import { FILE_PATH } from "../../src/topology/fields"
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
    // A list may stand in a file of its own, which is named in its place.
    overrideAction: ({ valibotAction, jsonSchema }) => {
      const { orFile } = Object(valibotAction.type === "metadata" && Object(valibotAction).metadata)
      if (orFile === undefined) return undefined
      const { description, ...list } = jsonSchema
      Reflect.deleteProperty(list, "orFile")
      return { anyOf: [list, { type: "string", pattern: FILE_PATH.source, description: orFile }], description }
    },
  })
  return `${JSON.stringify(schema, null, 2)}\n`
}

if (import.meta.main) await Bun.write(SCHEMA_FILE, schemaText())
