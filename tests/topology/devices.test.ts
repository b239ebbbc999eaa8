import { expect, test } from "bun:test"
import fc from "fast-check"
import { parseAddress, parseRange } from "../../src/topology/address"
import { type DeviceEntry, Devices, hasHistory } from "../../src/topology/devices"

function entry(ip: string, more: Partial<DeviceEntry> = {}): DeviceEntry {
  const range = parseRange(ip)
  if (!range) throw new Error(`not a range: ${ip}`)
  return { ip: range, paused: false, line: 1, ...more }
}

const at = (ip: string) => parseAddress(ip) ?? Number.NaN

/** Entries with gaps between, in any order: each gap and length is a few addresses. */
const disjointEntries = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })))
  .chain((steps) => {
    let next = 0x0a000000
    const entries = steps.map(([gap, length], index): DeviceEntry => {
      const first = next + gap - 1
      next = first + length
      return { ip: { first, last: next - 1 }, paused: false, line: index + 1 }
    })
    return fc.shuffledSubarray(entries, { minLength: entries.length })
  })

test("Devices finds each declared address, and no other", () => {
  fc.assert(
    fc.property(disjointEntries, (entries) => {
      const devices = new Devices(entries)
      for (let address = 0x09fffffe; address < 0x0a000000 + 80; address++) {
        const expected = entries.find(({ ip }) => ip.first <= address && address <= ip.last)
        expect(devices.has(address)).toBe(expected !== undefined)
        expect(devices.get(address)?.line).toBe(expected?.line)
      }
    }),
    { numRuns: 30 },
  )
})

test("Devices goes through all of them in address order", () => {
  fc.assert(
    fc.property(disjointEntries, (entries) => {
      const devices = new Devices(entries)
      const addresses = [...devices].map(({ address }) => address)
      expect(addresses).toEqual(addresses.toSorted((a, b) => a - b))
      expect(addresses.length).toBe(devices.size)
      expect(addresses.every((address) => devices.get(address)?.address === address)).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test("Devices puts the address for {ip} in name and survey, and leaves {day}", () => {
  const devices = new Devices([entry("10.0.0.2-10.0.0.3", { name: "row {ip}", survey: "{day}/{ip}.txt", line: 7 })])
  expect([...devices]).toEqual([
    {
      address: at("10.0.0.2"),
      ip: "10.0.0.2",
      name: "row 10.0.0.2",
      survey: "{day}/10.0.0.2.txt",
      paused: false,
      line: 7,
    },
    {
      address: at("10.0.0.3"),
      ip: "10.0.0.3",
      name: "row 10.0.0.3",
      survey: "{day}/10.0.0.3.txt",
      paused: false,
      line: 7,
    },
  ])
})

test("Devices leaves name and survey out where there are none", () => {
  expect(new Devices([entry("10.0.0.2", { paused: true })]).get(at("10.0.0.2"))).toEqual({
    address: at("10.0.0.2"),
    ip: "10.0.0.2",
    paused: true,
    line: 1,
  })
})

test("Devices holds millions as one entry", () => {
  const devices = new Devices([entry("10.0.0.2-10.255.255.254"), entry("11.0.0.1")])
  expect(devices.size).toBe(2 ** 24 - 3 + 1)
  expect(devices.entries.length).toBe(2)
  expect(devices.firstOctets).toEqual([10, 11])
  expect(devices.get(at("10.77.1.2"))?.ip).toBe("10.77.1.2")
  expect(devices.has(at("10.255.255.255"))).toBe(false)
})

test("placeOf() counts the devices before an address, whether it is declared or not", () => {
  const range = (first: number, last = first) => ({ ip: { first, last }, paused: false, line: 1 })
  const devices = new Devices([range(20), range(5, 9), range(30, 31)])
  expect([0, 5, 7, 9, 10, 20, 25, 31, 99].map((address) => devices.placeOf(address))).toEqual([
    0, 0, 2, 4, 5, 5, 6, 7, 8,
  ])
})

test("hasHistory() holds for files a day, for scripts, and for files with a format", () => {
  const surveys = ["a.txt", "{day}/a.txt", "a.ts", "a.mjs", "ts"]
  expect(surveys.map((survey) => hasHistory({ survey }))).toEqual([false, true, true, true, false])
  expect([hasHistory({ survey: "a.csv", format: "zentra" }), hasHistory({})]).toEqual([true, false])
})
