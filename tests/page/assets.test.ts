// The files that pages load, and in which encoding.
import { expect, test } from "bun:test"
import { Farm } from "./device/fixture"

test.each(["constructor", "__proto__", "toString", "nothing.js", ""])("there is no asset %p", async (name) => {
  using farm = await Farm.make()
  expect((await farm.response(`/assets/${name}`)).status).toBe(404)
})

test.each([
  ["gzip", "gzip"],
  ["br, GZIP;q=0.5", "gzip"],
  ["gzip;q=0", null],
  ["gzip; q=0.000, identity", null],
  ["identity", null],
])("what accepts %p is sent in %p", async (accepted, encoding) => {
  using farm = await Farm.make()
  for (const path of ["/assets/client.js", "/", "/devices"]) {
    const { headers } = await farm.response(path, { "Accept-Encoding": accepted })
    expect([path, headers.get("content-encoding")]).toEqual([path, encoding])
  }
})
