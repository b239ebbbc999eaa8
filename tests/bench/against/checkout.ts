// Another revision of this repository in a folder of its own, with the packages that it is locked to.
import { existsSync } from "node:fs"
import { mkdir, symlink } from "node:fs/promises"
import { join } from "node:path"
import { UsageError } from "../../../src/commands/arguments"

/** The commit that a name stands for. Throws UsageError where there is none, or no git checkout. */
export function resolveRevision(root: string, name: string): string {
  if (!Bun.which("git")) throw new UsageError("--against needs git: apt-get install git")
  const repository = git(root, ["rev-parse", "--git-dir"])
  if (!repository.success)
    throw new UsageError(`--against needs a git checkout: ${root} is none (${repository.complaint})`)
  const commit = git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`])
  if (!commit.success) throw new UsageError(`--against needs a revision of this repository: there is no ${name}`)
  return commit.text
}

/** The checkout's own revision, with a mark when files differ from it. */
export const describeToday = (root: string): string => git(root, ["describe", "--always", "--dirty"]).text

/** Writes a commit's files into a new folder. Throws UsageError where its packages cannot be had. */
export async function checkOut(root: string, commit: string, folder: string): Promise<void> {
  await mkdir(folder)
  const archive = Bun.spawnSync(["git", "-C", root, "archive", "--format=tar", commit])
  const unpacked = Bun.spawnSync(["tar", "-x", "-C", folder], { stdin: archive.stdout })
  if (!archive.success || !unpacked.success) {
    throw new Error(`${commit} cannot be checked out: ${archive.stderr}${unpacked.stderr}`)
  }
  if (await haveSameLock(root, folder)) await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  else await install(folder)
}

/** Then the packages that are here are the very ones, and nobody needs a network. */
async function haveSameLock(root: string, folder: string): Promise<boolean> {
  const [ours, theirs] = [root, folder].map((at) => join(at, "bun.lock"))
  if (!ours || !theirs || !existsSync(ours) || !existsSync(theirs)) return false
  return (await Bun.file(ours).text()) === (await Bun.file(theirs).text())
}

async function install(folder: string): Promise<void> {
  const child = Bun.spawn([process.execPath, "install", "--frozen-lockfile"], {
    cwd: folder,
    stdout: "ignore",
    stderr: "pipe",
  })
  const complaint = await child.stderr.text()
  if ((await child.exited) !== 0) throw new UsageError(`its packages cannot be installed: ${lastLine(complaint)}`)
}

function git(root: string, args: string[]): { success: boolean; text: string; complaint: string } {
  const { success, stdout, stderr } = Bun.spawnSync(["git", "-C", root, ...args])
  return { success, text: stdout.toString().trim(), complaint: lastLine(stderr.toString()) }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? ""
