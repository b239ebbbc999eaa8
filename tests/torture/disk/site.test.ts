// What is done to one site leaves nothing for what is done to it next.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { fillDisk, missingMount } from "./bounded"
import { Site } from "./site"

const PLACE = 62_000
const WITHIN_MS = 60_000

let site: Site

beforeAll(async () => {
  site = await Site.make(PLACE + process.pid)
})
afterAll(() => site[Symbol.dispose]())

test.skipIf(missingMount() !== undefined)(
  "a disk is filled anew: values that were replaced on the one before are taken",
  async () => {
    expect(await fillDisk(site, 15)).toEqual([])
    expect(await fillDisk(site, 14)).toEqual([]) // its last upload is the first of those before
  },
  WITHIN_MS,
)
