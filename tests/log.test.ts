import { expect, test } from "bun:test"
import { bounded, boundedBy, cutting, quote, sparing } from "../src/log"

test("quote() leaves a name as it is, and cuts what is none", () => {
  const name = "🌱".repeat(64) // the longest that a device may have
  expect(quote(name)).toBe(name)
  expect(quote("1".repeat(1_000_000))).toMatch(/^1{1,128}…$/)
})

test("cutting() cuts every line of a log, whatever its weight", () => {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const log = cutting({ debug: say, info: say, warn: say, error: say })
  for (const weight of ["debug", "info", "warn", "error"] as const) log[weight]("1".repeat(1_000_000))
  log.warn("as it is")
  expect(said.map(({ length }) => length <= 1000)).toEqual([true, true, true, true, true])
  expect(said.at(-1)).toBe("as it is")
})

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
  expect(said).toEqual(["a", "b", "2 more of this kind were not told", "e"])
})

test("boundedBy() says so many of one peer and so many in all, and one cannot hide the others", () => {
  const said: string[] = []
  let time = 1_000_000
  const say = boundedBy(
    { perPeer: 2, overall: 5 },
    (text) => said.push(text),
    () => time,
  )
  for (let n = 0; n < 1000; n++) say(`loud ${n}`, "loud")
  say("quiet", "quiet")
  expect(said).toEqual(["loud 0", "loud 1", "quiet"])
  for (const peer of ["a", "b", "c"]) say(peer, peer)
  expect(said.slice(3)).toEqual(["a", "b"]) // in all five
  time += 60_000
  say("loud again", "loud")
  expect(said.slice(5)).toEqual(["999 more of this kind were not told", "loud again"])
})

test("boundedBy() leaves half of its lines to peers of which nothing was said yet", () => {
  const said: string[] = []
  const say = boundedBy(
    { perPeer: 10, overall: 60 },
    (text) => said.push(text),
    () => 1_000_000,
  )
  for (let n = 0; n < 60; n++) for (const peer of ["a", "b", "c", "d", "e", "f"]) say(peer, peer)
  expect(said).toHaveLength(30)
  say("quiet", "quiet")
  expect(said.at(-1)).toBe("quiet")
})

test("boundedBy() counts anew each minute", () => {
  const said: string[] = []
  let time = 1_000_000
  const say = boundedBy(
    { perPeer: 1, overall: 2 },
    (text) => said.push(text),
    () => time,
  )
  for (const step of [0, 59_999, 1, 0, 60_000]) {
    time += step
    say(`at ${time}`, "a")
  }
  expect(said).toEqual([
    "at 1000000",
    "1 more of this kind were not told",
    "at 1060000",
    "1 more of this kind were not told",
    "at 1120000",
  ])
})
