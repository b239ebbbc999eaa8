import { expect, test } from "bun:test"
import { columns, widthsOf } from "../../src/commands/columns"

const ROWS = [
  ["name", "readings", "why"],
  ["tomatoes", "4", ""],
  ["日本🌱", "1,024", "late"],
]

test("columns() are as wide as their widest cell on the terminal, in whatever script, and end without blanks", () => {
  expect(columns(ROWS)).toEqual([
    "name      readings  why",
    "tomatoes  4",
    "日本🌱    1,024     late", // six columns
  ])
})

test("columns() stand to the right behind the first ones, at least so wide, with another gap", () => {
  expect(columns(ROWS, { left: 1, gap: " ", widths: [9, 9, 4] })).toEqual([
    "name       readings  why",
    "tomatoes          4",
    "日本🌱        1,024 late",
  ])
})

test("widthsOf() is what the next rows of one table need, too", () => {
  expect(widthsOf([["日本", "1"]], widthsOf([["a", "22"]]))).toEqual([4, 2])
})
