import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, readlink, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { UsageError } from "../../../src/commands/arguments"
import { checkOut, resolveRevision } from "./checkout"

const withGit = Bun.which("git") ? describe : describe.skip

withGit("a revision of a repository", () => {
  let folder = ""
  let root = ""
  const git = (...args: string[]) => {
    const author = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    const { success, stderr } = Bun.spawnSync(["git", ...author, "-C", root, ...args])
    if (!success) throw new Error(stderr.toString())
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "checkout-test-"))
    root = join(folder, "root")
    await Bun.write(join(root, "bun.lock"), "{}")
    await Bun.write(join(root, "src/main.ts"), "before")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "before")
    await Bun.write(join(root, "src/main.ts"), "today")
  })
  afterAll(() => rm(folder, { recursive: true }))

  test("checkOut() writes the commit's files, not today's, and links the packages of an equal lock", async () => {
    const revision = join(folder, "revision")
    await checkOut(root, resolveRevision(root, "HEAD"), revision)
    expect(await Bun.file(join(revision, "src/main.ts")).text()).toBe("before")
    expect(await readlink(join(revision, "node_modules"))).toBe(join(root, "node_modules"))
  })

  test("resolveRevision() refuses a name that git does not know, also one that looks like an option", () => {
    expect(() => resolveRevision(root, "nowhere")).toThrow(UsageError)
    expect(() => resolveRevision(root, "nowhere")).toThrow("there is no nowhere")
    expect(() => resolveRevision(root, "--all")).toThrow("there is no --all")
  })

  test("resolveRevision() refuses a folder that is no checkout", () => {
    expect(() => resolveRevision(folder, "HEAD")).toThrow(`${folder} is none (fatal: not a git repository`)
  })
})
