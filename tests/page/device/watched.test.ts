import { expect, test } from "bun:test"
import { DAY, Farm, HERBS, MORNING } from "./fixture"

const DEVICES = [
  "{ ip: 192.168.1.2, name: tomatoes }",
  "{ ip: 192.168.1.3, name: herbs, rules: { dry: 35.5, frost: false } }",
]
const ALERTS = "{ rules: { dry: 20, frost: -1.5, silent: 2d } }"

const dry = (value: number, text: string) => ({ rule: "dry", of: "humidity", value, text }) as const

test("a series has what the device is watched for, its own rules before those of all", async () => {
  using farm = await Farm.make({ devices: DEVICES, alerts: ALERTS })
  await farm.put(DAY, MORNING)
  await farm.put(DAY, MORNING, { address: HERBS })
  expect((await farm.series("/devices/tomatoes/series.json?days=1")).thresholds).toEqual([
    dry(20, "dry below 20 %"),
    { rule: "frost", of: "temperature", value: -1.5, text: "frost below −1.5 °C" },
  ])
  expect((await farm.series("/devices/herbs/series.json?days=1")).thresholds).toEqual([dry(35.5, "dry below 35.5 %")])
  expect(await farm.text("/devices/herbs")).toContain("right Watched for: dry below 35.5 %")
})

test("nothing is said of a device that is watched for nothing", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, MORNING)
  expect((await farm.series("/devices/tomatoes/series.json?days=1")).thresholds).toEqual([])
  const { body } = await farm.page("/devices/tomatoes")
  expect(body).not.toContain("Watched for")
  expect(body).not.toContain("holds")
})

test("a device's page tells what holds of it, the worst first, and nothing of another one's", async () => {
  using farm = await Farm.make({ devices: DEVICES, alerts: ALERTS })
  await farm.put(DAY, MORNING)
  await farm.put(DAY, MORNING, { address: HERBS })
  const row = (address: number, rule: string, value: string, reason: string, holds: number) =>
    farm.bench.write(
      `INSERT INTO alerts VALUES (1, ${address}, '${rule}', '${DAY}', ${value}, ${reason}, ${holds}, NULL)`,
    )
  row(HERBS, "hot", "31", "NULL", 1)
  row(HERBS, "incomplete", "NULL", "'<b>no file</b>'", 1)
  row(HERBS, "wet", "90", "NULL", 0)
  expect(await farm.text("/devices/herbs")).toContain(
    "✖ nothing came (&lt;b&gt;no file&lt;/b&gt;) since 21 November; hot, 31 °C since 21 November 1 day",
  )
  expect(await farm.text("/devices/tomatoes")).not.toContain("✖")
})
