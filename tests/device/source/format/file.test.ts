// All that a file says, of all days: what `check` and `import` read.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { formatOf } from "./formats"
import { Folder } from "./read"

let folder: Folder
beforeAll(async () => {
  folder = await Folder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

const HEAD = "time,T,H\n"
const GOOD = "2026-11-21 08:00,20,30\n"
const NOON = "2026-11-22 12:00,22,31\n"
const BOTH = ["2026-11-21 08:00 - 20 - 30%", "2026-11-22 12:00 - 22 - 31%"]

test.each([
  [
    "a time that cannot be read",
    "2026-11-21 0x:00,1,1",
    "Time must be written yyyy-MM-dd HH:mm: it is 2026-11-21 0x:00",
  ],
  [
    "a time of a year that no calendar has",
    "9999-12-31 23:59,1,1",
    "Time must be written yyyy-MM-dd HH:mm: it is 9999-12-31 23:59",
  ],
  [
    "zeros",
    "\0".repeat(2_000_000),
    "A line must end within 1048576 bytes: zeros may stand there, as after a power cut",
  ],
  [
    "zeros and a time",
    `${"\0".repeat(2000)}2026-11-21 09:00,1,1`,
    "Time must be written yyyy-MM-dd HH:mm: it is (zeros)2026-11-21 09:00",
  ],
  ["an open quote", '"2026-11-21 09:00,1,1', "A quote must be closed on its line"],
  ["a sum", "Mean,21,30.5", "Time must be written yyyy-MM-dd HH:mm: it is Mean"],
])("readAll() names a row of %s and takes the others, by any clock", async (_, row, rule) => {
  await folder.write(`${HEAD}${GOOD}${row}\n${NOON}`)
  for (const zone of ["+01:00", "Europe/Rome", "America/Los_Angeles"]) {
    const format = formatOf({ time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone } })
    expect(await folder.readAll(format, { timeZone: zone })).toEqual({ lines: BOTH, refused: [`3 ${rule}`] })
  }
})

test("readAll() tells the passes of the hour that comes twice, wherever a piece of the file ends in it, from either end", async () => {
  const format = formatOf({ comment: "#", time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone: "Europe/Rome" } })
  const change = Date.parse("2026-10-25T01:00:00Z") / 60_000
  const instants = Array.from({ length: 25 }, (_, at) => change + (at - 12) * 10)
  const rows = instants.map((minute) => {
    const text = Temporal.Instant.fromEpochMilliseconds(minute * 60_000)
      .toZonedDateTimeISO("Europe/Rome")
      .toString()
    return `${text.slice(0, 10)} ${text.slice(11, 16)},${(minute - change) / 10},30\n`
  })
  const passes = instants.map((minute) => {
    const isTwice = minute >= change && minute < change + 60
    const time = new Date((minute + (minute < change ? 120 : 60)) * 60_000).toISOString().slice(11, 16)
    return `2026-10-25 ${time}${isTwice ? "+01:00" : ""} - ${(minute - change) / 10} - 30%`
  })
  for (const [file, lines] of [
    [rows, passes],
    [rows.toReversed(), passes.toReversed()],
  ] as const) {
    for (let at = 1; at < rows.length; at++) {
      const before = HEAD + file.slice(0, at).join("")
      await folder.write(`#${"x".repeat(65_534 - before.length)}\n${before}${file.slice(at).join("")}`)
      expect(await folder.readAll(format)).toEqual({ lines: [...lines], refused: [] })
    }
  }
})

test("readAll() and the days of each device tell the same rows, in whatever order they stand", async () => {
  const format = formatOf({
    device: { column: "who" },
    time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone: "Europe/Rome" },
  })
  const day = (date: string) => [
    `${date} 01:30,10,30,bed2`,
    `${date} 01:30,10,30,bed3`,
    `${date} 02:00,20,130,bed3`,
    `${date} 02:10,20,30,bed3`,
    `${date} 0x:00,20,30,bed3`,
    `"${date} 02:15,20,30,bed3`,
    `${date} 02:20,20,,bed3`,
    `${date} 02:30,20,30,bed2`,
    `${date} 02:20,20,300,bed2`,
    `${date} 02:30,20,30,bed3`,
    `${date} 02:30,20,30,bed3,`,
    `${date} 02:40,20,30,bed3,more`,
    `${date} 02:00,x,30,bed3`,
    `${date} 02:05,21,30,bed3`,
    `${date} 03:30,20,30,bed3`,
    `${date} 02:50,20,30,bed3`,
    `${date} 23:30,20,30,bed3`,
  ]
  // the clock goes forward on the first and back on the third
  const days = ["2026-03-29", "2026-03-30", "2026-10-25"] as const
  const rows = days.flatMap(day)
  for (const file of [rows, rows.toReversed()]) {
    await folder.write(`time,T,H,who\n${file.join("\n")}\n`)
    const all = await folder.readAll(format)
    if (typeof all === "string") throw new Error(all)
    const refused = new Set<string>()
    for (const date of days) {
      for (const sensor of ["bed2", "bed3"]) {
        const answer = await folder.read(format, { day: date, sensor })
        if (typeof answer === "string") throw new Error(answer)
        for (const row of answer.refused) if (!row.includes("must not come twice")) refused.add(row)
      }
    }
    const byLine = (a: string, b: string) => Number.parseInt(a, 10) - Number.parseInt(b, 10)
    expect([...refused].sort(byLine)).toEqual(all.refused)
    expect(all.refused.length).toBeGreaterThan(15)
  }
})
