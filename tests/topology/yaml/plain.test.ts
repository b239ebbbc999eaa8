import { expect, test } from "bun:test"
import fc from "fast-check"
import { TopologyError } from "../../../src/topology/yaml/load"
import { readPlain } from "../../../src/topology/yaml/plain"
import { Source } from "../../../src/topology/yaml/source"
import { SAMPLE } from "../sample"

const SAMPLE_FILE = new URL("../../../topology.yaml", import.meta.url)

/** What the yaml package makes of it; undefined where it finds anything to tell. */
function readWhole(text: string): { value: unknown; deviceLines: number[] } | undefined {
  try {
    const source = new Source(text, "t.yaml")
    if (source.problems.length > 0) return undefined
    const { devices } = source.value as { devices?: unknown[] }
    return { value: source.value, deviceLines: (devices ?? []).map((_, index) => source.lineOf(["devices", index])) }
  } catch (error) {
    if (error instanceof TopologyError) return undefined
    throw error
  }
}

/** A sample with characters, pieces or lines changed. */
const nearlyPlain = fc
  .tuple(
    fc.constantFrom<string>(SAMPLE, `${SAMPLE}limits:\n  spool: 2GiB # or more\n  perPeer: { transfers: 4 }\n`),
    fc.array(
      fc.record({
        at: fc.nat(400),
        remove: fc.nat(6),
        insert: fc.oneof(
          fc.stringMatching(/^[\n :{}",#09aenulx/._&*!|'[\]\\-]{0,4}$/),
          fc.constantFrom(
            "\n",
            "  ",
            "\n  - { ip: 1 }",
            ' "x" ',
            "0x1f",
            "1e5",
            "007",
            "null",
            "True",
            "\n  site: x",
            " # ü",
          ),
        ),
      }),
      { maxLength: 4 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((edited, { at, remove, insert }) => edited.slice(0, at) + insert + edited.slice(at + remove), text),
  )

test("readPlain() reads what the yaml package reads, line by line, or leaves it", () => {
  let plain = 0
  fc.assert(
    fc.property(nearlyPlain, (text) => {
      const read = readPlain(text)
      if (!read) return
      plain++
      expect(read).toEqual(readWhole(text) as typeof read)
    }),
    { numRuns: 1000 },
  )
  expect(plain).toBeGreaterThan(100)
})

test("readPlain() reads the sample network, whose devices are on lines 25 to 28", async () => {
  const text = await Bun.file(SAMPLE_FILE).text()
  const { value, deviceLines } = readPlain(text) ?? {}
  expect(deviceLines).toEqual([25, 26, 27, 28])
  expect(value).toMatchObject({ sample: true })
  expect(value).toEqual(new Source(text, "topology.yaml").value)
})

test.each([
  ["a number", "port: 10005", 10005],
  ["a true", "port: true", true],
  ["text in quotes", 'port: "10005 # {ip}, é"', "10005 # {ip}, é"],
  ["an address and its prefix", "port: 192.168.1.1/24", "192.168.1.1/24"],
  ["a comment behind a word", "port: off # on", "off"],
  ["a section in braces", 'port: {a: 1 ,  b: "x, y" }', { a: 1, b: "x, y" }],
])("readPlain() reads %s", (_what, line, port) => {
  expect(readPlain(`${line}\ndevices:\n  - { ip: x }\n`)?.value).toEqual({ port, devices: [{ ip: "x" }] })
})

test.each([
  ["a key that stands twice", "port: 1\nport: 2"],
  ["a key that stands twice in braces", "port: { a: 1, a: 2 }"],
  ["a number in another form", "port: 0x1f"],
  ["a number with a zero before", "port: 007"],
  ["a fraction", "port: 1.5"],
  ["a null", "port: null"],
  ["a key without a value", "port:"],
  ["an escape in quotes", 'port: "\\u0041"'],
  ["an anchor", "port: &a 1"],
  ["a tag", "port: !x 1"],
  ["braces in braces", "port: { a: { b: 1 } }"],
  ["a second line of text", "port: one\n  two"],
  ["a tab", "port: 1\t"],
  ["a carriage return", "port: 1\r"],
  ["another indentation", "port: 1\n  site: x"],
  ["a second document", "---\nport: 1"],
])("readPlain() leaves %s to the yaml package", (_what, lines) => {
  expect(readPlain(`${lines}\ndevices:\n  - { ip: x }\n`)).toBeUndefined()
})
