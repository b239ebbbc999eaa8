import { expect, test } from "bun:test"
import { Outbox } from "../../../src/cloud/rules/outbox"
import { queryOf } from "../../../src/cloud/store/sqlite/query"
import { Bench } from "../fixtures"

test("Outbox keeps messages in their order, why a try failed, and whom they are for", async () => {
  using bench = new Bench()
  const outbox = new Outbox(queryOf(bench.database.sqlite), bench.commits)
  const letter = { at: 1, host: "old.example", message: "{}" }
  await bench.commits.add(() => {
    for (const target of ["a", "b", "a"]) outbox.put({ ...letter, target })
  })
  await outbox.noteFailure(1, "404")
  await outbox.noteFailure(2, "503")
  await outbox.readdress("a", { target: "c", host: "new.example" })
  await outbox.remove(2)
  expect(await outbox.waiting()).toEqual([
    { ...letter, id: 1, target: "c", host: "new.example", reason: null },
    { ...letter, id: 3, target: "c", host: "new.example", reason: null },
  ])
})
