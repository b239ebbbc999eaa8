import { expect, test } from "bun:test"
import { TestNetwork } from "./network"
import { surveyOf } from "./surveys"

test("expectStored() tells of a reading that is lost, added or changed", async () => {
  const ip = "192.168.1.2"
  await using network = await TestNetwork.start([{ ip, survey: "survey.txt" }])
  const { text, lines } = surveyOf(1000)
  await network.write("survey.txt", text)
  await network.collect()
  network.expectStored(ip, lines)
  const [first = "", ...others] = lines
  for (const wrong of [
    others,
    lines.slice(0, -1),
    [first, ...lines],
    [...lines, first],
    [`${first} `, ...others],
    [],
  ]) {
    expect(() => network.expectStored(ip, wrong)).toThrow()
  }
})

test.each([0, 1, 100, 5000, 1_000_000])("surveyOf() gives a survey of %d bytes", (size) => {
  const { text, lines } = surveyOf(size)
  expect(Buffer.byteLength(text)).toBe(size)
  expect(text.trimEnd()).toBe(lines.join("\n"))
  expect(new Set(lines).size).toBe(lines.length)
})
