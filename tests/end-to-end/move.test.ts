// A network whose store moves between two runs: the next one agrees with it, and has nothing to list.
import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { loadTopology, Network } from "../../src/network"
import { runCommand } from "../commands/command"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../postgres"
import { MONDAY_AT_SIX, Site } from "./fixture"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  test("a store that has moved to a server, and back, is gone on with as if it had stayed", async () => {
    await using server = await PostgresServer.start()
    await using site = await Site.collected()
    const { file } = site.topology
    const yaml = await readFile(file, "utf8")
    const listed = [...site.listed]
    expect(listed).toHaveLength(8)
    for (const store of [await server.emptyUrl(), "data/moved.db"]) {
      expect((await runCommand(site.folder, "move", "--to", store)).stderr).toContain("✔ Moved: 1 site, 2 days")
      await writeFile(file, yaml.replace("10.10.10.2,", `$& store: "${store}",`))
      await using network = await Network.start(await loadTopology(file, {}), site.options)
      const summary = await network.collect({ scheduledAt: MONDAY_AT_SIX })
      expect(summary).toMatchObject({ complete: true, delivered: true, readings: 8, stored: 0, differing: [] })
    }
    expect(site.listed).toEqual(listed)
    expect(await site.stored()).toHaveLength(8)
  })

  test("a server's store is not moved while a cloud runs on it, and at once when that has ended", async () => {
    await using server = await PostgresServer.start()
    await using site = await Site.make({ speed: 20 })
    const { file } = site.topology
    const yaml = await readFile(file, "utf8")
    await writeFile(file, yaml.replace("10.10.10.2,", `$& store: "${await server.emptyUrl()}",`))
    const move = () => runCommand(site.folder, "move", "--to", "data/moved.db")
    {
      await using network = await Network.start(await loadTopology(file, {}), site.options)
      await network.collect({ scheduledAt: MONDAY_AT_SIX })
      const { stderr, exit } = await move()
      expect(stderr).toMatch(/^postgres:\S+ is in use by .*: stop all clouds first, /m)
      expect([exit, existsSync(join(site.folder, "data/moved.db"))]).toEqual([2, false])
    }
    const { stderr, exit } = await move()
    expect(stderr).toContain("✔ Moved: 1 site, 2 days of devices, 8 readings")
    expect(stderr).not.toContain("Waiting")
    expect(exit).toBe(0)
  })
})
