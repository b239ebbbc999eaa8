// What loggers, their memory cards and office programs make of a file: the right readings, or a reason that names the row.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { formatOf } from "./formats"
import { type Answer, type Asked, DAY, Folder, PATH } from "./read"

let folder: Folder
beforeAll(async () => {
  folder = await Folder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

interface Case extends Asked {
  readonly format?: Parameters<typeof formatOf>[0]
  readonly file: string | Uint8Array
  readonly gives: Answer
}

const HEAD = "time,T,H\n"
const GOOD = "2026-11-21 08:00,20,30\n"
const NOON = "2026-11-21 12:00,22,31\n"
const EIGHT = "08:00 - 20 - 30%"
const TWELVE = "12:00 - 22 - 31%"
const BOTH: Answer = { lines: [EIGHT, TWELVE], refused: [] }
const utf16 = (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"))
const local = (zone: string) => ({ time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone } })
const NO_HEADER: Case["format"] = {
  headerRows: 0,
  time: { column: 1, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" },
  temperature: { column: 2 },
  humidity: { column: 3 },
}
const byColumn = { device: { column: "who" } }

const AMBIGUOUS =
  "Time must be of one pass of an hour that the file's clock shows twice: the row before does not tell of which"
/** Of the night in which the clock goes back: times and temperatures. */
const nightOf = (rows: string) => HEAD + rows.replace(/(\S+) ?/g, "2026-10-25 $1,30\n")
const moist = (line: string) => `${line} - 30%`

const CASES: Record<string, Case> = {
  "a plain file": { file: HEAD + GOOD + NOON, gives: BOTH },
  "a byte order mark": { file: `\ufeff${HEAD}${GOOD}${NOON}`, gives: BOTH },
  CRLF: { file: (HEAD + GOOD + NOON).replaceAll("\n", "\r\n"), gives: BOTH },
  "UTF-16": { file: utf16(HEAD + GOOD), gives: `${PATH} is UTF-16 text: save it as UTF-8` },
  "UTF-16 without a mark": { file: utf16(HEAD + GOOD).slice(2), gives: `${PATH} is UTF-16 text: save it as UTF-8` },
  "Latin-1": {
    format: { temperature: { column: "T °C" } },
    file: Buffer.from(`time,T °C,H\n${GOOD}${NOON}`, "latin1"),
    gives: BOTH,
  },
  "an empty file": { file: "", gives: `${PATH} is empty` },
  "a header and nothing else": { file: HEAD, gives: `${PATH} has no readings` },
  "times of another pattern": {
    file: `${HEAD}21/11/2026 08:00,20,30\n21/11/2026 09:00,20,30\n`,
    gives: `${PATH} has no readings: ${PATH}:2 Time must be written yyyy-MM-dd HH:mm: it is 21/11/2026 08:00`,
  },
  "less than its header": {
    format: { headerRows: 3 },
    file: HEAD,
    gives: `${PATH} has 1 of the 3 rows that name its columns`,
  },
  "a reading among the rows that name its columns": {
    format: { headerRows: 3 },
    file: HEAD + GOOD + NOON,
    gives: BOTH,
  },
  "a reading without values among them": {
    format: { headerRows: 2 },
    file: `${HEAD}2026-11-21 07:00,,\n${GOOD}${NOON}`,
    gives: BOTH,
  },
  "a time above the rows that name its columns": {
    format: { headerRows: 2 },
    file: `2026-11-21 07:00,export\n${HEAD}${GOOD}${NOON}`,
    gives: BOTH,
  },
  "a reading in the place of its header": {
    format: { ...NO_HEADER, headerRows: 1 },
    file: GOOD + NOON,
    gives: BOTH,
  },
  "a reading in the place of its header, and names": {
    format: { time: { column: 1, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" } },
    file: GOOD + NOON,
    gives: `${PATH} has no row that names its columns: give the number of column T`,
  },
  "a row of units that is blank at its end": {
    format: { headerRows: 2 },
    file: `time,T,H,note\n,°C,%,\n2026-11-21 08:00,20,30,rain\n2026-11-21 12:00,22,31,\n`,
    gives: BOTH,
  },
  "a row of units that ends before the others": {
    format: { ...byColumn, headerRows: 2 },
    file: `time,T,H,who\n,°C,%\n2026-11-21 08:00,20,30,bed3\n2026-11-21 12:00,22,31,bed3\n`,
    gives: BOTH,
  },
  "a row of units that is blank at its end, and columns by number": {
    format: { headerRows: 2, time: { column: 1, pattern: "yyyy-MM-dd HH:mm", zone: "+01:00" } },
    file: `time,T,H,note\n,°C,%,\n2026-11-21 08:00,20,30,rain\n2026-11-21 12:00,22,31,\n`,
    gives: BOTH,
  },
  "a title that is wider than its columns": {
    format: { headerRows: 2 },
    file: `export,of,all,T,volts\n${HEAD}${GOOD}${NOON}`,
    gives: BOTH,
  },
  "blank lines": { file: `\n${HEAD}\n${GOOD}  \n\n${NOON}\n`, gives: BOTH },
  comments: {
    format: { comment: "#" },
    file: `# a\n${HEAD}# b\n${GOOD}#${NOON}`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "a last line that is cut in its value": {
    file: `${HEAD}${GOOD}2026-11-21 12:00,22,3`,
    gives: { lines: [EIGHT], refused: ["3 The line must have an end: it may be cut, or still be written"] },
  },
  "a last line that has no end, written ten minutes ago": {
    ageMs: 10 * 60_000,
    file: HEAD + GOOD + NOON.trimEnd(),
    gives: { lines: [EIGHT], refused: ["3 The line must have an end: it may be cut, or still be written"] },
  },
  "a last line that has no end, written more than ten minutes ago": {
    ageMs: 10 * 60_000 + 1,
    file: HEAD + GOOD + NOON.trimEnd(),
    gives: BOTH,
  },
  "a last line that was cut in its values long ago": {
    ageMs: 86_400_000,
    file: `${HEAD}${GOOD}2026-11-21 12:00,22`,
    gives: { lines: [EIGHT], refused: ["3 The line must have an end: it may be cut, or still be written"] },
  },
  "a last line that was cut in its last value long ago, with more columns behind": {
    ageMs: 86_400_000,
    file: `time,T,H,volts\n2026-11-21 08:00,20,30,12.1\n2026-11-21 12:00,22,3`,
    gives: { lines: [EIGHT], refused: ["3 The line must have an end: it may be cut, or still be written"] },
  },
  "a last line that was cut in its last value long ago, with no header to tell": {
    ageMs: 86_400_000,
    format: NO_HEADER,
    file: `2026-11-21 08:00,20,30,12.1\n2026-11-21 12:00,22,3`,
    gives: { lines: [EIGHT], refused: ["2 The line must have an end: it may be cut, or still be written"] },
  },
  "a last line that has no end, written long ago, with no header to tell": {
    ageMs: 86_400_000,
    format: NO_HEADER,
    file: GOOD + NOON.trimEnd(),
    gives: BOTH,
  },
  "a last line that is cut behind its values": {
    file: `time,T,H,volts\n2026-11-21 08:00,20,30,12.1\n2026-11-21 12:00,22,31,1`,
    gives: BOTH,
  },
  "a last line that is cut in its time": {
    file: `${HEAD}${GOOD}2026-11-21 1`,
    gives: { lines: [EIGHT], refused: ["3 The line must have an end: it may be cut, or still be written"] },
  },
  "a line that was cut, and others behind it": {
    file: `${HEAD}2026-11-21 07:00,1\n${GOOD}2026-11-21 0\n${NOON}`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: ["2 A row must have 3 columns: it has 2", "4 A row must have 3 columns: it has 1"],
    },
  },
  "a line that was cut in its last value, with more columns behind": {
    file: `time,T,H,volts\n2026-11-21 07:00,19,3\n2026-11-21 08:00,20,30,12.1\n`,
    gives: { lines: [EIGHT], refused: ["2 A row must have 4 columns: it has 3"] },
  },
  "zeros that a power cut has left": {
    file: `${HEAD}${GOOD}${"\0".repeat(200_000)}\n${NOON}`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: ["3 A row must have 3 columns: it has 1"],
    },
  },
  "a line that does not end, and seems to hold a row at its end": {
    file: `${HEAD}${GOOD}${"\0".repeat(21 * 65_536 - HEAD.length - GOOD.length - 10)}${NOON}${NOON}`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: ["3 A line must end within 1048576 bytes: zeros may stand there, as after a power cut"],
    },
  },
  "a quote that is not closed": {
    file: `${HEAD}"2026-11-21 07:00,19,30\n${GOOD}"2026-11-21 12:00",22,"31"\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["2 A quote must be closed on its line"] },
  },
  "quotes with delimiters and quotes within": {
    file: `time,"T ""soil"", °C",H\n"2026-11-21 08:00","20","30"\n`,
    format: { temperature: { column: 'T "soil", °C' } },
    gives: { lines: [EIGHT], refused: [] },
  },
  "a quote in the middle of a word": {
    file: `${HEAD}2026-11-21 08:00,20,30\n2026-11-21 09:00,2"0",30\n`,
    gives: {
      lines: [EIGHT],
      refused: ['3 Temperature must be a number: it is 2"0"'],
    },
  },
  "its header again in the middle": { file: HEAD + GOOD + HEAD + NOON, gives: BOTH },
  "rows out of order": { file: HEAD + NOON + GOOD, gives: BOTH },
  "older rows appended behind newer ones": {
    file: `${HEAD}2026-11-25 08:00,1,1\n2026-11-26 08:00,1,1\n${GOOD}${NOON}`,
    gives: BOTH,
  },
  "the same rows twice": { file: HEAD + GOOD + NOON + GOOD + NOON, gives: BOTH },
  "a time twice with other values": {
    file: `${HEAD}${GOOD}2026-11-21 08:00,21,30\n${NOON}`,
    gives: { lines: [EIGHT, TWELVE], refused: ["3 Time must not come twice with other values: it is 08:00"] },
  },
  "no rows of that day": {
    file: `${HEAD}2026-11-19 08:00,20,30\n2026-11-20 08:00,20,30\n`,
    gives: `${PATH} has no reading of 21 November, its last is of 20 November`,
  },
  "rows of that day without values": {
    file: `${HEAD}2026-11-21 08:00,NAN,NAN\n2026-11-21 09:00,,30\n`,
    gives: `${PATH} has 2 rows of 21 November, and no values in them`,
  },
  "markers of what is missing": {
    file: `${HEAD}${GOOD}2026-11-21 09:00,-6999,30\n2026-11-21 10:00,#N/A,30\n2026-11-21 10:00,20,-6999.00\n2026-11-21 11:00,nan,\n${NOON}`,
    gives: BOTH,
  },
  "a marker of its own": {
    format: { missing: ["***"] },
    file: `${HEAD}${GOOD}2026-11-21 09:00,***,***\n${NOON}`,
    gives: BOTH,
  },
  "every row of the day refused": {
    file: `${HEAD}2026-11-21 08:00,200,30\n2026-11-21 09:00,20,130\n`,
    gives: {
      lines: [],
      refused: ["2 Temperature must be -90 to 90 °C: it is 200", "3 Humidity must be 0 to 100 %: it is 130"],
    },
  },
  "a column that is not there": {
    format: { temperature: { column: "Temp" } },
    file: `time,Tenp,H\n${GOOD}`,
    gives: `${PATH} has no column Temp, did you mean Tenp? Its columns are time | Tenp | H`,
  },
  "a column of which no other one's name is near": {
    format: { temperature: { column: "Oberbodentemperatur" } },
    file: `time,Tenp,H\n${GOOD}`,
    gives: `${PATH} has no column Oberbodentemperatur: its columns are time | Tenp | H`,
  },
  "a column's number that is not there": {
    format: { temperature: { column: 4 } },
    file: HEAD + GOOD,
    gives: `${PATH} has no column 4: it has 3`,
  },
  "two columns of one name": {
    file: `time,T,T,H\n2026-11-21 08:00,20,21,30\n`,
    gives: `${PATH} has several columns T, 2, 3: give the number of the one that is meant`,
  },
  "two columns of one name under different ones": {
    format: { headerRows: 2, temperature: { column: "deep T" } },
    file: `,top,deep,\ntime,T,T,H\n2026-11-21 08:00,21,20,30\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "no header": {
    format: NO_HEADER,
    file: GOOD + NOON,
    gives: BOTH,
  },
  "a decimal comma between semicolons": {
    format: { delimiter: ";", decimal: "," },
    file: "time;T;H\n2026-11-21 08:00;20,5;30,25\n",
    gives: { lines: ["08:00 - 20.5 - 30.25%"], refused: [] },
  },
  "a marker with a decimal comma": {
    format: { delimiter: ";", decimal: "," },
    file: "time;T;H\n2026-11-21 08:00;20,5;30,25\n2026-11-21 09:00;-9999,00;30\n2026-11-21 10:00;20;-6999,0\n",
    gives: { lines: ["08:00 - 20.5 - 30.25%"], refused: [] },
  },
  "a decimal comma that the format does not tell of": {
    format: { delimiter: ";" },
    file: "time;T;H\n2026-11-21 08:00;20,5;30\n",
    gives: {
      lines: [],
      refused: ["2 Temperature must be a number, with a point before its fraction as decimal says: it is 20,5"],
    },
  },
  "a decimal comma that is the delimiter": {
    file: `${HEAD}2026-11-21 08:00,20,5,30\n${NOON}`,
    gives: { lines: [TWELVE], refused: ["2 A row must have 3 columns: it has 4"] },
  },
  tabs: { format: { delimiter: "tab" }, file: (HEAD + GOOD + NOON).replaceAll(",", "\t"), gives: BOTH },
  "the date and the time in two columns": {
    format: { time: { columns: ["day", "clock"], pattern: "d/M/yyyy h:mm a", zone: "+01:00" } },
    file: "clock,T,day,H\n8:00 AM,20,21/11/2026,30\n12:00 p.m.,22,21/11/2026,31\n",
    gives: BOTH,
  },
  "noon and midnight": {
    format: { time: { column: "time", pattern: "M/d/yy h:mm a", zone: "+01:00" } },
    file: `${HEAD}11/21/26 12:00 AM,20,30\n11/21/26 12:00 PM,22,31\n11/21/26 13:00 PM,22,31\n`,
    gives: {
      lines: ["00:00 - 20 - 30%", TWELVE],
      refused: ["4 Time must be written M/d/yy h:mm a: it is 11/21/26 13:00 PM"],
    },
  },
  "a day that there is not": {
    file: `${HEAD}${GOOD}2026-11-31 08:00,20,30\n`,
    gives: { lines: [EIGHT], refused: ["3 Time must be written yyyy-MM-dd HH:mm: it is 2026-11-31 08:00"] },
  },
  Fahrenheit: {
    format: { temperature: { column: "T", unit: "F" } },
    file: `${HEAD}2026-11-21 08:00,68,30\n2026-11-21 12:00,-40,30\n`,
    gives: { lines: [EIGHT, "12:00 - -40 - 30%"], refused: [] },
  },
  "scale and offset": {
    format: { temperature: { column: "T", scale: 0.1, offset: -10 }, humidity: { column: "H", scale: 100 } },
    file: `${HEAD}2026-11-21 08:00,300,0.3\n2026-11-21 09:00,100.05,0.10005\n`,
    gives: { lines: [EIGHT, "09:00 - 0.01 - 10.01%"], refused: [] },
  },
  "more places than two": {
    file: `${HEAD}2026-11-21 08:00,1.005,30.004999\n2026-11-21 09:00,-1.005,1e1\n2026-11-21 10:00,-0.001,0\n`,
    gives: { lines: ["08:00 - 1.01 - 30%", "09:00 - -1.01 - 10%", "10:00 - 0 - 0%"], refused: [] },
  },
  "numbers that are none": {
    file: `${HEAD}${GOOD}2026-11-21 09:00,0x10,30\n2026-11-21 10:00,Infinity,30\n2026-11-21 11:00,20 °C,30\n`,
    gives: {
      lines: [EIGHT],
      refused: ["0x10", "Infinity", "20 °C"].map((text, at) => `${at + 3} Temperature must be a number: it is ${text}`),
    },
  },
  "another zone, whose day is another": {
    format: local("+00:00"),
    file: `${HEAD}2026-11-20 22:59,1,1\n2026-11-20 23:00,20,30\n2026-11-21 22:59,22,31\n2026-11-21 23:00,1,1\n`,
    gives: { lines: ["00:00 - 20 - 30%", "23:59 - 22 - 31%"], refused: [] },
  },
  "a clock at the other end of the world": {
    format: local("+13:00"),
    timeZone: "America/Los_Angeles",
    file: `${HEAD}2026-11-21 20:59,1,1\n2026-11-21 21:00,20,30\n2026-11-22 20:59,22,31\n2026-11-22 21:00,1,1\n`,
    gives: { lines: ["00:00 - 20 - 30%", "23:59 - 22 - 31%"], refused: [] },
  },
  "a zone in its header that there is not": {
    format: { time: { column: "when", pattern: "yyyy-MM-dd HH:mm" } },
    file: `"when, GMT+01:70",T,H\n${GOOD}`,
    gives: `${PATH} has times of GMT+01:70, which is no offset: say with time.zone what its clock is`,
  },
  "times with their offset": {
    format: { time: { column: "time", pattern: "yyyy-MM-dd'T'HH:mm:ssZZ" } },
    file: `${HEAD}2026-11-21T07:00:00Z,20,30\n2026-11-21T13:00:00+02:00,22,31\n`,
    gives: BOTH,
  },
  "seconds since 1970": {
    format: { time: { column: "time", pattern: "X" } },
    file: `${HEAD}${Date.parse("2026-11-21T07:00:00Z") / 1000},20,30\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "the night in which the clock goes back, by a logger that knows no summer time": {
    format: local("+01:00"),
    day: "2026-10-25",
    file: `${HEAD}2026-10-25 00:30,1,1\n2026-10-25 01:30,2,2\n2026-10-25 02:30,3,3\n2026-10-25 03:30,4,4\n`,
    gives: {
      lines: ["01:30 - 1 - 1%", "02:30 - 2 - 2%", "02:30+01:00 - 3 - 3%", "03:30 - 4 - 4%"],
      refused: [],
    },
  },
  "that night, by a clock that goes back itself": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: `${HEAD}2026-10-25 01:30,1,1\n2026-10-25 02:30,2,2\n2026-10-25 02:15,3,3\n2026-10-25 02:30,4,4\n2026-10-25 03:30,5,5\n`,
    gives: {
      lines: ["01:30 - 1 - 1%", "02:30 - 2 - 2%", "02:15+01:00 - 3 - 3%", "02:30+01:00 - 4 - 4%", "03:30 - 5 - 5%"],
      refused: [],
    },
  },
  "that night, newest first": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: `${HEAD}2026-10-25 03:30,5,5\n2026-10-25 02:30,4,4\n2026-10-25 02:30,2,2\n2026-10-25 01:30,1,1\n`,
    gives: { lines: ["01:30 - 1 - 1%", "02:30 - 2 - 2%", "02:30+01:00 - 4 - 4%", "03:30 - 5 - 5%"], refused: [] },
  },
  "that night, with a row twice": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: nightOf("01:30,1 02:00,2 02:00,2 02:30,3 02:00,4 02:30,5 03:00,6"),
    gives: {
      lines: ["01:30 - 1", "02:00 - 2", "02:30 - 3", "02:00+01:00 - 4", "02:30+01:00 - 5", "03:00 - 6"].map(moist),
      refused: [],
    },
  },
  "that night, with a time twice": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: nightOf("01:30,1 02:00,2 02:00,9 02:30,3 02:00,4 03:00,6"),
    gives: {
      lines: ["01:30 - 1", "02:00 - 2", "02:30 - 3", "02:00+01:00 - 4", "03:00 - 6"].map(moist),
      refused: ["4 Time must not come twice with other values: it is 02:00"],
    },
  },
  "that night, with a reading an hour": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: nightOf("00:00,1 01:00,1 02:00,2 02:00,3 03:00,4"),
    gives: {
      lines: ["00:00 - 1", "01:00 - 1", "02:00 - 2", "02:00+01:00 - 3", "03:00 - 4"].map(moist),
      refused: [],
    },
  },
  "that night, with a reading an hour, two of which are alike": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: nightOf("00:00,1 01:00,1 02:00,2 02:00,2 03:00,4"),
    gives: {
      lines: ["00:00 - 1", "01:00 - 1", "02:00 - 2", "03:00 - 4"].map(moist),
      refused: [`5 ${AMBIGUOUS}`],
    },
  },
  "that night, with a row out of order": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: nightOf("01:30,1 02:00,2 02:30,3 02:00,4 02:30,5 02:15,9 03:00,6 02:45,9 03:30,7"),
    gives: {
      lines: [
        "01:30 - 1",
        "02:00 - 2",
        "02:30 - 3",
        "02:00+01:00 - 4",
        "02:30+01:00 - 5",
        "03:00 - 6",
        "03:30 - 7",
      ].map(moist),
      refused: [`7 ${AMBIGUOUS}`, `9 ${AMBIGUOUS}`],
    },
  },
  "that night, a reading a day": {
    format: local("Europe/Rome"),
    day: "2026-10-25",
    file: `${HEAD}2026-10-26 02:30,1,30\n2026-10-25 02:30,2,30\n2026-10-24 02:30,3,30\n`,
    gives: { lines: ["02:30 - 2 - 30%"], refused: [] },
  },
  "a time that its clock skips": {
    format: local("Europe/Rome"),
    day: "2026-03-29",
    file: `${HEAD}2026-03-29 01:30,1,1\n2026-03-29 02:30,2,2\n`,
    gives: {
      lines: ["01:30 - 1 - 1%"],
      refused: [
        "3 Time must be on the file's clock, which skips it on this day: say with time.zone what clock that is",
      ],
    },
  },
  "several devices": {
    format: byColumn,
    file: `who,time,T,H\nbed2,2026-11-21 08:00,1,1\nbed3,2026-11-21 08:00,20,30\nbed3,2026-11-21 12:00,22,31\nbed2,nonsense,1,1\n`,
    gives: BOTH,
  },
  "several devices, none of them this one": {
    format: byColumn,
    file: `who,time,T,H\nbed-3,2026-11-21 08:00,1,1\nbed2,2026-11-21 08:00,20,30\n`,
    gives: `${PATH} has no rows of bed3, did you mean bed-3?`,
  },
  "several devices, this one silent since": {
    format: byColumn,
    file: `who,time,T,H\nbed3,2026-11-18 08:00,1,1\nbed2,2026-11-21 08:00,20,30\n`,
    gives: `${PATH} has no reading of bed3 of 21 November, its last is of 18 November`,
  },
  "several devices side by side": {
    format: { headerRows: 2, device: { headerRow: 1 } },
    file: `,bed2,bed2,bed3,bed3,logger\ntime,T,H,T,H,volts\n2026-11-21 08:00,1,1,20,30,12\n2026-11-21 09:00,1,1,,,12\n2026-11-21 10:00,200,1,22,130,12\n2026-11-21 12:00,1,1,22,31,12\n2026-11-21 1`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: [
        "5 Humidity must be 0 to 100 %: it is 130",
        "7 The line must have an end: it may be cut, or still be written",
      ],
    },
  },
  "several devices side by side, none of them this one": {
    format: { headerRows: 2, device: { headerRow: 1 } },
    sensor: "bed4",
    file: `,bed2,bed2,bed3,bed3\ntime,T,H,T,H\n2026-11-21 08:00,1,1,20,30\n`,
    gives: `${PATH} has no rows of bed4, did you mean bed2?`,
  },
  "several devices, and nothing that tells whose a row is": {
    format: { device: { column: "who" } },
    file: "who,time,T,H\n,2026-11-21 08:00,20,30\n",
    gives: `${PATH} has no rows of bed3`,
  },
  "several devices side by side, none of a name that is near": {
    format: { headerRows: 2, device: { headerRow: 1 } },
    sensor: "hummingbird",
    file: `,bed2,bed2,bed3,bed3\ntime,T,H,T,H\n2026-11-21 08:00,1,1,20,30\n`,
    gives: `${PATH} has no rows of hummingbird: it has rows of bed2, bed3`,
  },
  "names above its columns, and not the columns": {
    format: { headerRows: 2, device: { headerRow: 1 } },
    file: `,bed3,bed3\ntime,Tenp,H\n2026-11-21 08:00,20,30\n`,
    gives: `${PATH} has no column T, did you mean H? Its columns are time | bed3 Tenp | bed3 H`,
  },
  "a day of more than limits.survey": {
    limitBytes: 20,
    file: HEAD + GOOD + NOON,
    gives: `${PATH} has 34 bytes, more than limits.survey allows (20)`,
  },
}

describe("a day's readings out of a file with", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    const { format, file = "", gives, ...asked } = CASES[name] ?? {}
    await folder.write(file)
    expect(await folder.read(formatOf(format), asked)).toEqual(gives as never)
  })
})

describe("a file that is read again", () => {
  const YEAR = Array.from({ length: 9700 }, (_, at) => {
    const time = new Date(Date.parse("2026-08-19T00:00:00Z") + at * 900_000).toISOString()
    return `${time.slice(0, 10)} ${time.slice(11, 16)},${at % 40},${at % 90}\n`
  })
  const until = (day: string) => HEAD + YEAR.filter((row) => row.slice(0, 10) <= day).join("")
  const of = (day: string) => YEAR.filter((row) => row.startsWith(day)).length

  test("has what was appended, also behind what it had", async () => {
    await folder.write(until("2026-11-20"))
    expect(await folder.read(formatOf())).toBe(`${PATH} has no reading of 21 November, its last is of 20 November`)
    await folder.write(`${until("2026-11-22")}2026-11-20 08:01,1,1\n`)
    expect(await folder.read(formatOf())).toMatchObject({ lines: { length: of(DAY) }, refused: [] })
    expect(await folder.read(formatOf(), { day: "2026-11-20" })).toMatchObject({
      lines: { length: of("2026-11-20") + 1 },
    })
  })

  test("was rotated, truncated, or written anew in place", async () => {
    await folder.write(until("2026-11-22"))
    await folder.read(formatOf())
    await folder.write(HEAD + GOOD)
    expect(await folder.read(formatOf())).toEqual({ lines: [EIGHT], refused: [] })
    await folder.write(until("2026-11-22").replaceAll("2026-11-21", "2026-11-25"))
    expect(await folder.read(formatOf())).toBe(`${PATH} has no reading of 21 November, its last is of 25 November`)
  })

  test("has other columns, or another format", async () => {
    await folder.write(HEAD + GOOD)
    await folder.read(formatOf())
    await folder.write("H,T,time\n30,20,2026-11-21 08:00\n")
    expect(await folder.read(formatOf())).toEqual({ lines: [EIGHT], refused: [] })
    await folder.write("time;T;H\n2026-11-21 08:00;20;30\n")
    expect(await folder.read(formatOf({ delimiter: ";" }))).toEqual({ lines: [EIGHT], refused: [] })
  })
})
