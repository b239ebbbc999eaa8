import { expect, test } from "bun:test"
import { describeRoles, readRoles } from "../../src/commands/roles"

test.each([
  [["cloud"], "cloud"],
  [["device", "192.168.1.2", "gateway"], "gateway, 1 device"],
  [["device", "192.168.1.4", "192.168.1.2-192.168.1.4", "192.168.1.2"], "3 devices"],
])("describeRoles() counts each device once, however often %j name it", (words, expected) => {
  const roles = readRoles(words)
  expect(roles && describeRoles(roles)).toBe(expected)
})

test("readRoles() is the whole network where no role is named", () => {
  expect(readRoles([])).toBeUndefined()
})
