import { describe, expect, test } from "bun:test"
import { seededRandom } from "../../virtual-clock"
import { Disk } from "./disk"
import { type Loss, SECTOR_BYTES } from "./file"
import type { Event } from "./trace"

const FILE = "spool.db"
const write = (offset: number, bytes: number, value: number) =>
  ({ kind: "write", file: FILE, offset, data: new Uint8Array(bytes).fill(value) }) as const
const MADE: Event[] = [{ kind: "create", file: FILE }, write(0, 1024, 1)]
const SYNCED: Event[] = [...MADE, { kind: "sync", file: FILE }, { kind: "sync", file: "" }]

function imageOf(events: readonly Event[], loss: Loss) {
  const disk = new Disk()
  for (const event of events) disk.apply(event)
  return disk.imageAfter(loss)
}

const sectors = (bytes: Uint8Array | undefined): number[] =>
  [...(bytes ?? [])].filter((_, at) => at % SECTOR_BYTES === 0)

describe("imageAfter()", () => {
  test("keeps what was synced when everything else is lost", () => {
    const events = [...SYNCED, write(512, 1024, 2)]
    expect(sectors(imageOf(events, { kind: "everything" }).get(FILE))).toEqual([1, 1])
    expect(sectors(imageOf(events, { kind: "nothing" }).get(FILE))).toEqual([1, 2, 2])
  })

  test("keeps a name only when the folder was synced", () => {
    expect(imageOf(MADE, { kind: "everything" }).has(FILE)).toBe(false)
    expect(imageOf([...SYNCED, { kind: "remove", file: FILE }], { kind: "everything" }).has(FILE)).toBe(true)
  })

  test("tears a write between sectors of the file, wherever the write begins", () => {
    const torn = write(500, 1024, 2)
    const bytes = imageOf(SYNCED, { kind: "torn", write: torn, sectors: 1 }).get(FILE)
    expect([bytes?.[499], bytes?.[500], bytes?.[511], bytes?.[512], bytes?.length]).toEqual([1, 2, 2, 1, 1024])
  })

  test("lets a truncation be lost as well", () => {
    const events: Event[] = [...SYNCED, { kind: "truncate", file: FILE, size: 0 }]
    expect(imageOf(events, { kind: "nothing" }).get(FILE)).toHaveLength(0)
    expect(imageOf(events, { kind: "everything" }).get(FILE)).toHaveLength(1024)
  })

  test("scatters: every mixture of old and new sectors comes up, and nothing else", () => {
    const events = [...SYNCED, write(0, 512, 2), write(512, 512, 3)]
    const random = seededRandom(1)
    const seen = new Set<string>()
    for (let round = 0; round < 200; round++) {
      seen.add(String(sectors(imageOf(events, { kind: "scattered", random, share: 0.5 }).get(FILE))))
    }
    expect([...seen].sort()).toEqual(["1,1", "1,3", "2,1", "2,3"])
  })
})
