// Thirty zones whose clocks do between them whatever clocks do.

export interface Place {
  readonly timeZone: string
  /** The span in which its year begins; without it, days yet to come, a leap day among some. */
  readonly from?: string
  readonly to?: string
}

const COMING = { from: "2026-01-01", to: "2028-02-01" }

export const PLACES: readonly Place[] = [
  { timeZone: "Australia/Lord_Howe" }, // half an hour, and half an hour off
  { timeZone: "Pacific/Apia", from: "2011-05-01", to: "2011-09-01" }, // no 30 December, and daylight saving
  { timeZone: "America/Nuuk" }, // from 23:00 to the next day
  { timeZone: "Europe/Rome" },
  { timeZone: "America/Sao_Paulo", from: "2018-01-01", to: "2018-02-01" }, // at midnight, both ways
  { timeZone: "Africa/Cairo" }, // at midnight, on a Friday
  { timeZone: "Asia/Beirut" }, // at midnight
  { timeZone: "Pacific/Kiritimati" }, // UTC+14
  { timeZone: "Etc/GMT+12" }, // UTC−12
  { timeZone: "Asia/Kathmandu" }, // UTC+05:45
  { timeZone: "Pacific/Chatham" }, // UTC+12:45, and daylight saving
  { timeZone: "Australia/Eucla" }, // UTC+08:45
  { timeZone: "Asia/Kolkata" }, // UTC+05:30
  { timeZone: "America/St_Johns" }, // UTC−03:30, and daylight saving
  { timeZone: "America/Havana" }, // at midnight in spring
  { timeZone: "America/Santiago" }, // at 24:00
  { timeZone: "America/Asuncion", from: "2022-11-01", to: "2023-03-01" }, // at midnight
  { timeZone: "Africa/Casablanca" }, // back for Ramadan
  { timeZone: "Antarctica/Troll" }, // two hours
  { timeZone: "Asia/Tehran", from: "2021-01-01", to: "2021-03-01" }, // at 24:00, UTC+03:30
  { timeZone: "Asia/Gaza" }, // by the moon
  { timeZone: "Atlantic/Azores" }, // back over midnight
  { timeZone: "America/New_York" },
  { timeZone: "Australia/Sydney" },
  { timeZone: "Pacific/Auckland" },
  { timeZone: "Asia/Pyongyang", from: "2017-10-01", to: "2018-03-01" }, // from 23:30 to the next day, for good
  { timeZone: "America/Caracas", from: "2015-09-01", to: "2016-02-01" }, // half an hour, for good
  { timeZone: "Pacific/Kwajalein", from: "1992-12-01", to: "1993-05-01" }, // no 21 August
  { timeZone: "America/Scoresbysund", from: "2023-07-01", to: "2023-12-01" }, // both zone and daylight saving changed
  { timeZone: "Asia/Amman", from: "2021-11-01", to: "2022-02-01" }, // at 24:00, then never again
]

/** Between the two days; ms since the epoch. */
export const spanOf = ({ from = COMING.from, to = COMING.to }: Place): readonly [number, number] => [
  Date.parse(from),
  Date.parse(to),
]
