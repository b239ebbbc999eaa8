// A command as a person types it, in a process of its own.
import { spawn } from "node:child_process"
import { lstatSync } from "node:fs"
import { dirname, resolve } from "node:path"

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

export const NOBODY = 65_534
/** Who may read and write everything, so that somebody else is asked. */
export const isRoot = process.getuid?.() === 0

/** Whether somebody else gets at the programme. */
export function mayNobodyRun(): boolean {
  for (let path = MAIN; path !== "/"; path = dirname(path)) if ((lstatSync(path).mode & 0o005) === 0) return false
  return true
}

/** What somebody else is told, as a member of this group; without root it is oneself. */
export async function runAs(gid: number, cwd: string, ...args: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, ...(isRoot && { uid: NOBODY, gid }) })
  const said = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (bytes) => {
      said[name] += bytes
    })
  }
  const exit = await new Promise<number>((resolve) => child.on("close", resolve))
  return { ...said, exit }
}

export interface Shown {
  /** Lines as they stand on the terminal, colours left out. */
  readonly lines: readonly string[]
  readonly exit: number
}

/** The same on a terminal of so many columns. */
export async function runInTerminal(cwd: string, cols: number, ...args: readonly string[]): Promise<Shown> {
  const decoder = new TextDecoder()
  let text = ""
  const ended = Promise.withResolvers<void>()
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd,
    terminal: {
      cols,
      data: (_terminal, bytes) => {
        text += decoder.decode(bytes, { stream: true })
      },
      exit: () => ended.resolve(),
    },
  })
  const [exit] = await Promise.all([child.exited, ended.promise])
  return { lines: Bun.stripANSI(text).trimEnd().split("\r\n"), exit }
}

/** Those lines that do not fit. */
export const tooWide = ({ lines }: Pick<Shown, "lines">, cols: number): string[] =>
  lines.filter((line) => Bun.stringWidth(line) > cols)
