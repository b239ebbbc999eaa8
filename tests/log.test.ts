import { expect, test } from "bun:test"
import { sparing } from "../src/log"

test("sparing() says the same once a minute, and something else at once", () => {
  const said: string[] = []
  let time = 1_000_000
  const say = sparing(
    (text) => said.push(text),
    () => time,
  )
  for (const text of ["full", "full", "gone", "full", "full"]) say(text)
  time += 60_000
  say("full")
  expect(said).toEqual(["full", "gone", "full", "full"])
})
