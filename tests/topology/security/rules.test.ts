import { expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { changesOf } from "../../../src/topology/changes"
import { loadTopology, parseTopology, TopologyError } from "../../../src/topology/yaml/load"
import { changed, problemsOf, warningsOf } from "../sample"

const KEY = `sha256:${"5f".repeat(32)}`
const OTHER = `sha256:${"a0".repeat(32)}`
const CLOUD = "  address: 10.10.10.2\n"
const GATEWAY = "    cloud: { address: 10.10.10.1/24 }\n"

/** The sample with these lines in cloud and gateway. */
const withTls = (cloud: string, gateway: string, sites = "") =>
  changed(
    [CLOUD, `${CLOUD}${cloud && `  tls: ${cloud}\n`}${sites && `  sites: ${sites}\n`}`],
    [GATEWAY, `${GATEWAY}${gateway && `  tls: ${gateway}\n`}`],
  )

test.each([
  ["a fingerprint at each end", `{ fingerprint: ${KEY} }`, `{ fingerprint: ${OTHER} }`],
  ["a list of them", `{ fingerprint: [${KEY}, ${OTHER}], minVersion: TLSv1.2 }`, `{ fingerprint: ${OTHER} }`],
  ["an authority", "{ ca: keys/ca.crt, name: cloud.example }", "{ ca: keys/ca.crt, certificate: a.crt, key: a.key }"],
  ["one of each", `{ fingerprint: ${KEY} }`, "{ ca: keys/ca.crt }"],
])("parseTopology() takes %s", (_, cloud, gateway) => {
  const text = withTls(cloud, gateway)
  expect([problemsOf(text), warningsOf(text)]).toEqual([[], []])
})

test("parseTopology() makes a list of fingerprints, written as `pair` does", () => {
  const text = withTls(`{ fingerprint: ${KEY.toUpperCase()} }`, `{ fingerprint: [${OTHER.slice(7)}] }`)
  const { cloud, gateway } = parseTopology(text, "topology.yaml")
  expect([cloud.tls?.fingerprint, gateway.tls?.fingerprint]).toEqual([[KEY], [OTHER]])
  expect(cloud.tls?.minVersion).toBe("TLSv1.3")
})

test.each([
  [
    "one end alone",
    `{ fingerprint: ${KEY} }`,
    "",
    "",
    ["11:8 cloud.tls: needs gateway.tls too: each end has to know the other"],
  ],
  [
    "an end that is known by nothing",
    "{ minVersion: TLSv1.2 }",
    `{ fingerprint: ${KEY} }`,
    "",
    [
      "12:8 cloud.tls.fingerprint: is missing: write the one that bun run pair cloud prints, or ca with an authority's file",
    ],
  ],
  [
    "a pin beside an authority",
    `{ fingerprint: ${KEY}, ca: a.crt }`,
    `{ fingerprint: ${KEY} }`,
    "",
    [expect.stringContaining("cloud.tls.ca: may not stand beside fingerprint: an end is known by one of the two")],
  ],
  [
    "half a pair of files",
    `{ fingerprint: ${KEY}, certificate: a.crt }`,
    `{ fingerprint: ${KEY}, key: a.key }`,
    "",
    ["9:101 gateway.tls.key: needs certificate beside it", "12:109 cloud.tls.certificate: needs key beside it"],
  ],
  [
    "a fingerprint that is none",
    "{ fingerprint: sha256:5f }",
    `{ fingerprint: ${KEY} }`,
    "",
    [
      '12:23 cloud.tls.fingerprint: must be a key\'s fingerprint, sha256: and 64 hexadecimal digits, as `pair` prints it: it is "sha256:5f"',
    ],
  ],
  [
    "another site without its key",
    `{ fingerprint: ${KEY} }`,
    `{ fingerprint: ${KEY} }`,
    "[greenhouse, farm-b, { site: barn, from: 10.0.0.0/8 }]",
    [
      "13:23 cloud.sites[1]: farm-b is another site: say which key its gateway has, as { site: farm-b, fingerprint: sha256:… }",
      "13:31 cloud.sites[2]: barn is another site: say which key its gateway has, as { site: barn, fingerprint: sha256:… }",
    ],
  ],
  [
    "another site's key where the leg is plain",
    "",
    "",
    `[greenhouse, { site: farm-b, fingerprint: ${KEY} }]`,
    ["11:52 cloud.sites[1].fingerprint: needs cloud.tls and gateway.tls"],
  ],
] as const)("refusals() tells of %s", (_, cloud, gateway, sites, problems) => {
  expect(problemsOf(withTls(cloud, gateway, sites))).toEqual([...problems] as string[])
})

test("refusals() takes other sites by their keys, or all by one authority", () => {
  const byKey = withTls(
    `{ fingerprint: ${KEY} }`,
    `{ fingerprint: ${KEY} }`,
    `[greenhouse, { site: b, fingerprint: ${OTHER} }]`,
  )
  const byAuthority = withTls(`{ fingerprint: ${KEY} }`, "{ ca: ca.crt }", "[greenhouse, farm-b]")
  expect([problemsOf(byKey), problemsOf(byAuthority)]).toEqual([[], []])
})

test("loadTopology() refuses a network without keys where they are required, unless they are about to be made", async () => {
  const folder = mkdtempSync(join(tmpdir(), "required-"))
  const file = join(folder, "topology.yaml")
  const text = `security: required\n${changed()}`
  await Bun.write(file, text)
  const error: unknown = await loadTopology(file, {}).catch((error: unknown) => error)
  if (!(error instanceof TopologyError)) throw error
  expect(error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)).toEqual([
    "1:11 security: is required, and the cloud's leg has no keys: bun run pair cloud makes them, and prints what to write here",
  ])
  expect((await loadTopology(file, {}, { keysMayBeMissing: true })).security).toBe("required")
  await Bun.write(file, `security: required\n${withTls(`{ fingerprint: ${KEY} }`, `{ fingerprint: ${KEY} }`)}`)
  expect((await loadTopology(file, {})).cloud.tls).toBeDefined()
  rmSync(folder, { recursive: true })
})

test("changesOf() says that keys need a new start", () => {
  const [before, after] = [KEY, OTHER].map((key) =>
    parseTopology(withTls(`{ fingerprint: ${key} }`, `{ fingerprint: ${key} }`), "topology.yaml"),
  )
  if (!before || !after) throw new Error("two topologies")
  expect(changesOf(before, after)).toEqual({ applied: [], postponed: ["gateway.tls", "cloud.tls"] })
  expect(changesOf(before, { ...before, security: "required" }).postponed).toEqual(["security"])
})
