// A command as a person types it, in a process of its own.
import { resolve } from "node:path"

export const MAIN = resolve(import.meta.dir, "../../src/main.ts")

export interface Said {
  readonly stdout: string
  readonly stderr: string
  readonly exit: number
}

export async function runCommand(cwd: string, ...args: readonly string[]): Promise<Said> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { cwd, stdout: "pipe", stderr: "pipe" })
  const [stdout, stderr, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { stdout, stderr, exit }
}
