import { expect, test } from "bun:test"
import { bounded, sparing } from "../src/log"

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

test("bounded() says so many a minute, and then how many it did not say", () => {
  const said: string[] = []
  let time = 1_000_000
  const say = bounded(
    2,
    (text) => said.push(text),
    () => time,
  )
  for (const text of ["a", "b", "c", "d"]) say(text)
  time += 60_000
  say("e")
  time -= 1_000_000 // the clock was set back
  say("f")
  expect(said).toEqual(["a", "b", "2 more of this kind were not told", "e", "f"])
})
