import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { floorFigure } from "./floor"
import { insertMs, TOGETHER } from "./insert"

test("floorFigure() is the sum of the four parts over the day", () => {
  const figure = floorFigure("a day", 40_000, { echo: 8000, spool: 2500, store: 3500, requests: 2000 })
  expect(figure).toMatchObject({ value: 16, unit: "s", peer: "the day: 40 s", ratio: 0.4 })
})

test("insertMs() leaves every row in the file, at its size, the last commit's too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "insert-test-"))
  try {
    const file = join(folder, "rows.db")
    expect(insertMs(file, TOGETHER + 1, 529)).toBeGreaterThan(0)
    using database = new Database(file, { readonly: true })
    expect(database.query("SELECT count(*) AS rows, sum(length(body)) AS bytes FROM surveys").get()).toEqual({
      rows: TOGETHER + 1,
      bytes: (TOGETHER + 1) * 529,
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
