import { describe, expect, test } from "bun:test"
import { clockChange, type Day } from "../../src/survey/calendar"
import { formatTime } from "../../src/survey/reading"
import { parseSurvey } from "../../src/survey/survey"

/** Reads lines of these times; a refused one is shown as its number and rule. */
function read(day: Day, timeZone: string, ...times: string[]) {
  const lines = times.map((time) => (time.includes(" ") ? time : `${time} - 20 - 30%`))
  const { readings, refused } = parseSurvey(lines.join("\n"), clockChange(day, timeZone))
  return {
    times: readings.map(({ seconds, offset }) => formatTime(seconds, offset)),
    refused: refused.map(({ line, rule }) => `${line} ${rule}`),
  }
}

const spring = (...times: string[]) => read("2026-03-29", "Europe/Rome", ...times)
const autumn = (...times: string[]) => read("2026-10-25", "Europe/Rome", ...times)
const BAD_02_00 = "02:00 - 20 - 130%"

test("parseSurvey() refuses the hour that the clock skips", () => {
  const skipped = "Time must be on the clock, which skips 02:00 to 03:00 on this day: it is"
  expect(spring("01:59:59", "02:00", "02:59:59", "03:00")).toEqual({
    times: ["01:59:59", "03:00"],
    refused: [`2 ${skipped} 02:00`, `3 ${skipped} 02:59:59`],
  })
})

test("parseSurvey() refuses every line of a day that the zone skipped", () => {
  const { times, refused } = read("2011-12-30", "Pacific/Apia", "00:00", "23:59:59")
  expect(times).toEqual([])
  expect(refused).toEqual([
    "1 Time must be on the clock, which skips 00:00 to 24:00 on this day: it is 00:00",
    "2 Time must be on the clock, which skips 00:00 to 24:00 on this day: it is 23:59:59",
  ])
})

test("parseSurvey() refuses a midnight that the clock skips", () => {
  expect(read("2026-09-06", "America/Santiago", "00:00", "01:00").times).toEqual(["01:00"])
  expect(read("2026-04-24", "Africa/Cairo", "00:59:59", "01:00").times).toEqual(["01:00"])
})

test("parseSurvey() begins the second pass where a time is not later than the line before it", () => {
  expect(autumn("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")).toEqual({
    times: ["01:30", "02:00", "02:30", "02:00+01:00", "02:30+01:00", "03:00"],
    refused: [],
  })
  expect(autumn("02:30", "02:30").times).toEqual(["02:30", "02:30+01:00"])
  expect(autumn("02:10", "02:50", "02:40").times).toEqual(["02:10", "02:50", "02:40+01:00"])
})

test("parseSurvey() keeps to the first pass when nothing begins a second", () => {
  expect(autumn("02:00", "02:30", "03:00").times).toEqual(["02:00", "02:30", "03:00"])
})

test("parseSurvey() looks for the second pass within the repeated hour only", () => {
  expect(autumn("04:00", "02:30").times).toEqual(["02:30", "04:00"])
  expect(autumn("02:30", "04:00", "02:15").times).toEqual(["02:30", "02:15+01:00", "04:00"])
})

test("parseSurvey() refuses a third pass, and goes on", () => {
  const third =
    "Time goes back in the second pass of an hour that comes twice, write +02:00 or +01:00 behind it to say which one is meant: it is"
  expect(autumn("02:30", "02:30", "02:30", "02:45", "03:00")).toEqual({
    times: ["02:30", "02:30+01:00", "02:45+01:00", "03:00"],
    refused: [`3 ${third} 02:30`],
  })
})

test("parseSurvey() refuses other times that come twice on such a day", () => {
  expect(autumn("03:00", "03:00").refused).toEqual(["2 Time must not come twice: it is 03:00"])
  expect(autumn("01:59", "01:59").refused).toEqual(["2 Time must not come twice: it is 01:59"])
})

test("parseSurvey() lets a refused line begin the second pass", () => {
  expect(autumn("02:00", "02:30", BAD_02_00, "02:30").times).toEqual(["02:00", "02:30", "02:30+01:00"])
})

test("parseSurvey() refuses a reading whose pass only refused lines could tell", () => {
  expect(autumn("02:00", "02:30", BAD_02_00, "02:45", "03:00")).toEqual({
    times: ["02:00", "02:30", "03:00"],
    refused: [
      "3 Humidity must be 0 to 100 %: it is 130",
      "4 Time comes twice on this day, and lines before it are refused, write +02:00 or +01:00 behind it to say which one is meant: it is 02:45",
    ],
  })
})

test("parseSurvey() knows a repeated half hour", () => {
  expect(read("2026-04-05", "Australia/Lord_Howe", "01:15", "01:45", "01:30", "02:00")).toEqual({
    times: ["01:15", "01:45", "01:30+10:30", "02:00"],
    refused: [],
  })
  expect(read("2026-04-05", "Australia/Lord_Howe", "01:15", "01:15").refused).toHaveLength(1)
})

test("parseSurvey() knows a repeated last hour of the day", () => {
  const times = ["22:59", "23:00", "23:59:59", "23:00", "23:59:59"]
  const first = ["22:59", "23:00", "23:59:59"]
  const santiago = [...first, "23:00-04:00", "23:59:59-04:00"]
  expect(read("2026-04-04", "America/Santiago", ...times)).toEqual({ times: santiago, refused: [] })
  const cairo = [...first, "23:00+02:00", "23:59:59+02:00"]
  expect(read("2026-10-29", "Africa/Cairo", ...times)).toEqual({ times: cairo, refused: [] })
})

test("parseSurvey() goes on behind a reading of the part before", () => {
  const change = clockChange("2026-10-25", "Europe/Rome")
  const timesAfter = (after: string, ...times: string[]) => {
    const [before] = parseSurvey(`${after} - 20 - 30%`, change).readings
    const { readings } = parseSurvey(times.map((time) => `${time} - 20 - 30%`).join("\n"), change, { after: before })
    return readings.map(({ seconds, offset }) => formatTime(seconds, offset))
  }
  expect(timesAfter("02:30", "02:45", "02:45")).toEqual(["02:45", "02:45+01:00"])
  expect(timesAfter("02:30", "02:30")).toEqual(["02:30+01:00"])
  expect(timesAfter("02:30+01:00", "02:45", "03:00")).toEqual(["02:45+01:00", "03:00"])
  expect(timesAfter("02:30+01:00", "02:15")).toEqual([])
  expect(timesAfter("01:30", "02:15")).toEqual(["02:15"])
})

describe("parseSurvey() with an offset behind the time", () => {
  test("reads either pass, in any order, and writes the offset of the second", () => {
    expect(autumn("02:15+01:00", "02:15+02:00", "02:45+01:00", "02:05+01:00", "02:50+02:00")).toEqual({
      times: ["02:15", "02:50", "02:05+01:00", "02:15+01:00", "02:45+01:00"],
      refused: [],
    })
  })

  test("goes on with bare times in the pass that it tells", () => {
    expect(autumn("02:15+01:00", "02:30", "03:00").times).toEqual(["02:15+01:00", "02:30+01:00", "03:00"])
    expect(autumn("02:45+01:00", "02:10+02:00", "02:30").times).toEqual(["02:10", "02:30", "02:45+01:00"])
    expect(autumn("02:30+02:00", "02:10").times).toEqual(["02:30", "02:10+01:00"])
  })

  test("lets no bare time go back behind it in the second pass", () => {
    expect(autumn("02:30+01:00", "02:15", "02:15+01:00")).toEqual({
      times: ["02:15+01:00", "02:30+01:00"],
      refused: [
        "2 Time goes back in the second pass of an hour that comes twice, write +02:00 or +01:00 behind it to say which one is meant: it is 02:15",
      ],
    })
  })

  test("refuses a time that came in that pass, and names the pass", () => {
    expect(autumn("02:15", "02:15+02:00", "02:15+01:00", "02:15+01:00")).toEqual({
      times: ["02:15", "02:15+01:00"],
      refused: ["2 Time must not come twice: it is 02:15", "4 Time must not come twice: it is 02:15+01:00"],
    })
  })

  test("refuses any other offset and names the two, whatever bare times are around it", () => {
    expect(autumn("02:15+03:00", "02:30", "02:10-00:00", "02:45")).toEqual({
      times: ["02:30", "02:45"],
      refused: [
        "1 The offset must be +02:00 or +01:00 on this day: it is 02:15+03:00",
        "3 The offset must be +02:00 or +01:00 on this day: it is 02:10-00:00",
      ],
    })
  })

  test("refuses one behind a time that comes once", () => {
    const rule = "An offset stands only behind a time that comes twice on its day: it is"
    expect(autumn("03:00+01:00").refused).toEqual([`1 ${rule} 03:00+01:00`])
    expect(read("2026-11-21", "Europe/Rome", "08:00+01:00").refused).toEqual([`1 ${rule} 08:00+01:00`])
    expect(spring("02:15+01:00").refused).toEqual([
      "1 Time must be on the clock, which skips 02:00 to 03:00 on this day: it is 02:15+01:00",
    ])
  })

  test("does not let a refused line tell the pass of those that nothing else tells", () => {
    expect(autumn("02:10", "02:30+01:00 - 20 - 130%", "02:45", "02:05").times).toEqual(["02:10"])
    expect(autumn("02:10", "02:30+01:00 - 20 - 130%", "02:45+01:00", "02:50").times).toEqual([
      "02:10",
      "02:45+01:00",
      "02:50+01:00",
    ])
  })

  test("knows offsets of half hours, west of Greenwich, at midnight, and of seconds", () => {
    const second = (day: Day, zone: string, time: string, ...offsets: string[]) =>
      read(day, zone, ...offsets.map((offset) => time + offset)).times
    expect(second("2026-04-05", "Australia/Lord_Howe", "01:45", "+10:30", "+11:00")).toEqual(["01:45", "01:45+10:30"])
    expect(second("2010-11-07", "America/St_Johns", "00:00:30", "-03:30", "-02:30")).toEqual([
      "00:00:30",
      "00:00:30-03:30",
    ])
    expect(second("2026-11-01", "America/Havana", "00:00", "-05:00", "-04:00")).toEqual(["00:00", "00:00-05:00"])
    expect(second("2026-10-25", "Atlantic/Azores", "00:59", "-01:00", "+00:00")).toEqual(["00:59", "00:59-01:00"])
    expect(second("1883-11-18", "America/New_York", "12:03", "-05:00", "-04:56:02")).toEqual(["12:03", "12:03-05:00"])
  })
})
