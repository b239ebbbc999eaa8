// The topology that a command is about, and what it says of times.
import { expect, test } from "bun:test"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Site } from "../end-to-end/fixture"
import { runCommand } from "./command"

test.each([
  "alerts",
  "resend --last 3d",
  "quarantine --retry",
  "backup copies",
  "pair cloud",
])("loadDeclared() has %s tell the times before its lines in the topology's zone", async (words) => {
  await using site = await Site.make()
  const yaml = await Bun.file(join(site.folder, "topology.yaml")).text()
  await site.write("topology.yaml", yaml.replace("Europe/Rome", "Asia/Kathmandu"))
  await runCommand(site.folder, "start", "--once")
  const { stderr } = await runCommand(site.folder, ...words.split(" "))
  const lines = stderr.split("\n").filter((line) => /^\d{4}-\d\d-\d\dT/.test(line))
  expect(lines).not.toEqual([])
  expect(lines.filter((line) => !line.includes("+05:45"))).toEqual([])
})

test.each([
  "readings",
  "report",
  "alerts",
])("expectStoreHere() has %s say on the gateway's host where the readings are", async (command) => {
  await using site = await Site.collected()
  const { store } = site.topology.cloud
  for (const end of ["", "-wal", "-shm"]) await rm(`${store}${end}`, { force: true })
  const { stderr, exit } = await runCommand(site.folder, command)
  expect([stderr, exit]).toEqual([
    `${store} is not there: this is the gateway's host, the readings are where the cloud is\n`,
    2,
  ])
})
