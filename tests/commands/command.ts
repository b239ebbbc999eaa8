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
