import { expect, test } from "bun:test"
import { lister } from "../../src/cloud/listing"
import { HERBS, TOMATOES } from "./fixtures"

const tomatoes = {
  address: TOMATOES,
  readings: [
    ["08:00", 20, 30],
    ["12:00", -1.5, 41.2],
  ] as const,
}
const herbs = { address: HERBS, readings: [["08:00", 20, 30]] as const }

test("lister() of readings gives a line each, in the original's form", () => {
  expect(lister("readings")(tomatoes)).toBe("192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - -1.5 - 41.2%\n")
  expect(lister("readings")({ address: TOMATOES, readings: [] })).toBe("")
})

test("lister() of a summary gives a line a device, named where the site names it", () => {
  const devices = [
    { ip: "192.168.1.200-192.168.1.250", name: "far" },
    { ip: "192.168.1.3-192.168.1.9", name: "row {ip}" },
    { ip: "192.168.1.10" },
  ]
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  expect([tomatoes, herbs, { address: TOMATOES + 8, readings: [] }].map(list)).toEqual([
    "192.168.1.2 - 2 readings\n",
    "192.168.1.3 row 192.168.1.3 - 1 reading\n",
    "192.168.1.10 - 0 readings\n",
  ])
})

test("lister() lets no name that a site gives make a line of its own", () => {
  const devices = [{ ip: "192.168.1.3", name: "herbs\n192.168.9.9 - 7 readings" }]
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  expect(list(herbs)).toBe("192.168.1.3 herbs\\u000a192.168.9.9 - 7 readings - 1 reading\n")
})

test("lister() is quick for a fleet in which every device has a name of its own", () => {
  const ip = (n: number) => `10.0.${n >> 8}.${n & 255}`
  const devices = Array.from({ length: 20_000 }, (_, n) => ({ ip: ip(n), name: `d${n}` }))
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  let last = ""
  for (let n = 0; n < 20_000; n++) last = list({ address: 0x0a00_0000 + n, readings: [] })
  expect(last).toBe(`${ip(19_999)} d19999 - 0 readings\n`)
})

test("lister() that is off lists nothing", () => {
  expect(lister("off")(tomatoes)).toBe("")
})
