// How the tables travel: streamed, compressed, known again.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { once } from "node:events"
import { utimesSync } from "node:fs"
import { connect } from "node:net"
import { gunzipSync } from "node:zlib"
import { parquetMetadata, parquetReadObjects } from "hyparquet"
import type { Day } from "../../../src/survey/calendar"
import { DAY, HERBS, MORNING, SITE, TOMATOES } from "../../cloud/fixtures"
import { PageBench, secondly } from "./fixture"

const LONG_AGO = new Date("2026-01-01T00:00:00Z")

let page: PageBench
beforeEach(async () => {
  page = new PageBench()
  await page.describe(SITE)
  await page.put(MORNING)
})
afterEach(() => page[Symbol.dispose]())

/** As if nothing had been written for a while. */
function settle(): void {
  const { file } = page.bench
  for (const each of [file, `${file}-wal`]) utimesSync(each, LONG_AGO, LONG_AGO)
  page.bench.database.files.note()
}

describe("ETag", () => {
  const tagOf = async (path = "/api/readings", headers = {}) => (await page.get(path, { headers })).headers.get("etag")
  const again = (tag: string, path = "/api/readings") => page.get(path, { headers: { "If-None-Match": tag } })

  test("stays while nothing changes, and what is known is not sent again", async () => {
    settle()
    const tag = (await tagOf()) ?? ""
    expect(tag).toStartWith('W/"')
    for (const known of [tag, tag.slice(2), `"x", ${tag}`, "*"]) {
      const response = await again(known)
      expect([response.status, await response.text(), response.headers.get("etag")]).toEqual([304, "", tag])
      expect(response.headers.get("vary")).toBe("Accept-Encoding")
    }
    expect((await again('W/"x"')).status).toBe(200)
  })

  test("is another one when the data is", async () => {
    settle()
    const tag = (await tagOf()) ?? ""
    await page.put(MORNING, HERBS)
    settle()
    expect((await again(tag)).status).toBe(200)
  })

  test("is another one for what is asked differently, and under another topology", async () => {
    settle()
    const paths = ["readings", "days", "readings?format=csv", "readings.csv-semicolon", "readings?device=herbs"]
    const tags = await Promise.all(paths.map((path) => tagOf(`/api/${path}`)))
    const zipped = await tagOf("/api/readings", { "Accept-Encoding": "gzip" })
    page.views.update(page.views.topology)
    expect(new Set([...tags, zipped, await tagOf()]).size).toBe(paths.length + 2)
  })

  test("is none where the next change might not be seen", async () => {
    page.bench.write("UPDATE sites SET devices = '[]'")
    expect(await tagOf()).toBeNull()
    expect((await again("*")).status).toBe(200)
  })
})

describe("HEAD", () => {
  test("is GET without a body", async () => {
    settle()
    for (const path of ["/api/readings.csv", "/api/days", "/api/devices", "/api/status"]) {
      const [head, get] = [await page.get(path, { method: "HEAD" }), await page.get(path)]
      expect(head.status).toBe(200)
      expect(await head.text()).toBe("")
      const shown = ({ headers }: Response) =>
        ["content-type", "content-disposition", "etag"].map((name) => headers.get(name))
      expect(shown(head)).toEqual(shown(get))
    }
    expect((await page.get("/api/readings?format=xml", { method: "HEAD" })).status).toBe(400)
  })
})

describe("gzip", () => {
  test.each([
    ["gzip", true],
    ["br, gzip", true],
    ["GZIP;q=0.5", true],
    ["identity", false],
    ["gzip;q=0", false],
    ["br, gzip; q=0.0", false],
    ["x-gzip", false],
  ])("is sent for Accept-Encoding %j: %p", async (accepted, isZipped) => {
    const plain = await (await page.get("/api/readings.csv")).bytes()
    const response = await page.get("/api/readings.csv", {
      headers: { "Accept-Encoding": accepted },
      decompress: false,
    })
    expect(response.headers.get("content-encoding")).toBe(isZipped ? "gzip" : null)
    const bytes = await response.bytes()
    expect(Buffer.from(isZipped ? gunzipSync(bytes) : bytes).equals(plain)).toBe(true)
  })

  test("is not put around Parquet", async () => {
    const { headers } = await page.get("/api/readings.parquet", { headers: { "Accept-Encoding": "gzip" } })
    expect(headers.get("content-encoding")).toBeNull()
  })
})

test("csv-semicolon begins with the mark by which a spreadsheet knows UTF-8, csv without", async () => {
  const begin = async (format: string) =>
    [...(await (await page.get(`/api/readings?format=${format}`)).bytes())].slice(0, 4)
  expect(await begin("csv-semicolon")).toEqual([0xef, 0xbb, 0xbf, "s".charCodeAt(0)])
  expect(await begin("csv")).toEqual([..."site"].map((letter) => letter.charCodeAt(0)))
})

describe("a long table", () => {
  const [DEVICES, READINGS] = [40, 2000]

  beforeEach(async () => {
    const text = secondly(READINGS)
    await Promise.all(Array.from({ length: DEVICES }, (_, at) => page.put(text, HERBS + at)))
  })

  /** Asks, and takes nothing of the answer but its beginning. */
  async function ask(path: string) {
    const socket = connect(page.port, "127.0.0.1")
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await once(socket, "readable")
    return socket
  }

  test("waits for a slow reader, who holds up neither others nor the cloud's log", async () => {
    const slow = await ask("/api/readings.json")
    expect((await page.get("/health")).status).toBe(200)
    expect(await page.rows("/api/days?device=tomatoes")).toHaveLength(1)
    await page.put(MORNING, TOMATOES, "2026-11-22")
    const { sqlite, files } = page.bench.database
    const emptied = sqlite.query("PRAGMA wal_checkpoint(TRUNCATE)").get()
    files.note()
    expect(emptied).toMatchObject({ busy: 0, log: 0 })
    slow.destroy()
  })

  test("is closed where its reader goes away, and whoever is one too many is asked to come again", async () => {
    const slow = await Promise.all(Array.from({ length: 16 }, () => ask("/api/readings.json")))
    const refused = await page.get("/api/readings")
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"])
    for (const socket of slow) socket.destroy()
    let status = 503
    while (status === 503) status = (await page.get("/api/days")).status // until the server has heard of it
    expect(status).toBe(200)
  })

  test("is whole in every format", async () => {
    const readings = DEVICES * READINGS + 1
    expect((await page.rows("/api/readings")).length).toBe(readings)
    const file = await (await page.get("/api/readings.parquet")).arrayBuffer()
    const metadata = parquetMetadata(file)
    expect(Number(metadata.num_rows)).toBe(readings)
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows))
    expect(Math.min(...groups.slice(0, -1))).toBeGreaterThanOrEqual(20_000)
    expect(Math.max(...groups)).toBeLessThan(40_000)
  })

  test("that fails on its way is cut off, and never ends as if it were whole", async () => {
    const { sqlite } = page.bench.database
    sqlite.run("UPDATE surveys SET readings = 'damaged' WHERE address = ?", [HERBS + DEVICES - 1])
    page.bench.database.files.note()
    const response = await page.get("/api/readings.csv")
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })
})

describe("parquet", () => {
  const CHANGE: Day = "2026-10-25"

  const read = async (path: string) => {
    const file = await (await page.get(path)).arrayBuffer()
    return { rows: await parquetReadObjects({ file }), schema: parquetMetadata(file).schema }
  }

  test("has the readings that JSON has, days and instants as such", async () => {
    await page.put("02:15 - -1.5 - 1%\n02:15 - 3 - 1.25%\n", HERBS, CHANGE)
    const { rows, schema } = await read(`/api/readings.parquet?day=${CHANGE}`)
    const row = { site: SITE, device: "192.168.1.3", day: new Date(CHANGE), name: "herbs" }
    expect(rows).toEqual([
      { ...row, time: "02:15", temperature: -1.5, humidity: 1, timestamp: new Date("2026-10-25T00:15:00Z") },
      { ...row, time: "02:15+01:00", temperature: 3, humidity: 1.25, timestamp: new Date("2026-10-25T01:15:00Z") },
    ])
    expect(schema.slice(1).map(({ name, type }) => [name, type])).toEqual([
      ["site", "BYTE_ARRAY"],
      ["device", "BYTE_ARRAY"],
      ["day", "INT32"],
      ["time", "BYTE_ARRAY"],
      ["temperature", "DOUBLE"],
      ["humidity", "DOUBLE"],
      ["timestamp", "INT64"],
      ["name", "BYTE_ARRAY"],
    ])
  })

  test("has the days' statistics, and nothing where a device has no name", async () => {
    await page.put(MORNING, TOMATOES + 40)
    const { rows } = await read(`/api/days.parquet?day=${DAY}`)
    expect(
      rows.map(({ device, readings, temperature_mean, name }) => [device, readings, temperature_mean, name]),
    ).toEqual([
      ["192.168.1.2", 1, 20, "tomatoes"],
      ["192.168.1.42", 1, 20, null],
    ])
  })

  test("of nothing is a sound file", async () => {
    const { rows, schema } = await read("/api/readings.parquet?to=2001-01-01")
    expect([rows.length, schema.length]).toEqual([0, 9])
  })
})
