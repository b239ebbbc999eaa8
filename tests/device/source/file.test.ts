import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { surveyReader } from "../../../src/device/source"
import type { SurveyText } from "../../../src/device/source/file"
import type { Day } from "../../../src/survey/calendar"

const LIMIT_BYTES = 1024
const LINE = "08:00 - 20 - 30%\n"

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-source-"))
  await mkdir(join(folder, "2026-11-22"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function ask(survey: string): Promise<SurveyText> {
  const device = { ip: "192.168.1.2" }
  const question = { folder, survey, device, day: "2026-11-22" as Day, limitBytes: LIMIT_BYTES, clock: systemClock }
  return surveyReader()(question, new AbortController().signal)
}

const read = async (survey: string): Promise<string> => Buffer.from((await ask(survey)).bytes).toString()

test("surveyReader() reads a file, and the day's file where there is one a day", async () => {
  await writeFile(join(folder, "device1.txt"), LINE)
  await writeFile(join(folder, "2026-11-22/device1.txt"), `${LINE}\n`)
  expect(await read("device1.txt")).toBe(LINE)
  expect(await read("{day}/device1.txt")).toBe(`${LINE}\n`)
})

test.each([
  ["nowhere.txt", "nowhere.txt not found"],
  ["{day}/nowhere.txt", "2026-11-22/nowhere.txt not found"],
  ["nowhere.txt/device1.txt", "nowhere.txt/device1.txt not found"],
  ["{day}", "2026-11-22 is a folder, not a file"],
  ["/dev/zero", "/dev/zero is not a regular file"],
  ["nowhere.ts", "nowhere.ts not found"],
])("surveyReader() of %s: %s", async (survey, reason) => {
  await expect(read(survey)).rejects.toThrow(new Error(reason))
})

test.each(["pipe.txt", "pipe.ts"])("surveyReader() does not wait for a pipe, %s", async (name) => {
  expect(Bun.spawnSync(["mkfifo", join(folder, name)]).exitCode).toBe(0)
  await expect(read(name)).rejects.toThrow(new Error(`${name} is not a regular file`))
})

test("surveyReader() takes a file of limits.survey bytes and refuses one more", async () => {
  await writeFile(join(folder, "full.txt"), "\n".repeat(LIMIT_BYTES))
  expect((await read("full.txt")).length).toBe(LIMIT_BYTES)
  await writeFile(join(folder, "full.txt"), "\n".repeat(LIMIT_BYTES + 1))
  await expect(read("full.txt")).rejects.toThrow(
    new Error("full.txt has 1025 bytes, more than limits.survey allows (1024)"),
  )
})

test.each([
  ["Latin-1 on its second line", Buffer.from(`${LINE}08:30 - 20° - 30%\n`, "latin1"), 2],
  ["UTF-16 with its byte order mark", Buffer.from(`\ufeff${LINE}`, "utf16le"), 1],
  ["a character that the end cuts", Buffer.from(`${LINE}${LINE}°`).subarray(0, -1), 3],
])("surveyReader() refuses %s", async (_what, bytes, line) => {
  await writeFile(join(folder, "bytes.txt"), bytes)
  await expect(read("bytes.txt")).rejects.toThrow(new Error(`bytes.txt:${line} is not UTF-8 text`))
})

test("surveyReader() takes a byte order mark and more than ASCII", async () => {
  await writeFile(join(folder, "bom.txt"), `\ufeff${LINE}°€😀\n`)
  expect(await read("bom.txt")).toBe(`\ufeff${LINE}°€😀\n`)
})

test("surveyReader() tells when a file was last written, behind a link too, and never its bytes beside another's time", async () => {
  await symlink(join(folder, "written.txt"), join(folder, "link.txt"))
  const write = async (name: string, text: string, writtenAt: number) => {
    await writeFile(join(folder, name), text)
    await utimes(join(folder, name), writtenAt, writtenAt)
  }
  await write("written.txt", "old", 1000)
  expect(await ask("link.txt")).toEqual({ bytes: new TextEncoder().encode("old"), writtenAtMs: 1_000_000 })
  const looks = Array.from({ length: 50 }, () => ask("written.txt"))
  for (let turn = 1; turn <= 50; turn++) {
    const isNew = turn % 2 === 1
    await write("next.txt", isNew ? "new" : "old", isNew ? 2000 : 1000)
    await rename(join(folder, "next.txt"), join(folder, "written.txt"))
    looks.push(ask("written.txt"))
  }
  for (const { bytes, writtenAtMs } of await Promise.all(looks)) {
    expect(writtenAtMs).toBe(Buffer.from(bytes).toString() === "new" ? 2_000_000 : 1_000_000)
  }
})

test("surveyReader() does not tell when a script was written", async () => {
  await writeFile(join(folder, "lines.ts"), "export default () => ''")
  expect((await ask("lines.ts")).writtenAtMs).toBeUndefined()
})
