import { expect, test } from "bun:test"
import { SCHEMA_FILE, schemaText } from "./write-schema"

test("topology.schema.json is in step with the schema: `bun run schema` writes it", async () => {
  expect(await Bun.file(SCHEMA_FILE).text()).toBe(schemaText())
})

test("topology.schema.json refuses unknown keys and explains each key", () => {
  const walk = (schema: Record<string, unknown>) => {
    expect(schema.description).toBeString()
    if (schema.type === "object" && schema.properties) expect(schema.additionalProperties).toBe(false)
    if (Object(schema.additionalProperties) === schema.additionalProperties) walk(Object(schema.additionalProperties))
    for (const child of Object.values(Object(schema.properties))) walk(Object(child))
    if (schema.items) walk(Object(schema.items))
    const forms: unknown[] = Array.isArray(schema.anyOf) ? schema.anyOf : []
    for (const form of forms.map(Object)) if (form.type === "object") walk(form)
  }
  walk(JSON.parse(schemaText()))
})
