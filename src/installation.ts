// How this programme is started: by Bun from its source, or as the one executable that `bun run build` makes.
import { basename, resolve } from "node:path"

/** The absolute words that start it; a command's name follows. */
export const PROGRAMME: readonly string[] = Bun.isStandaloneExecutable
  ? [process.execPath]
  : [process.execPath, resolve(import.meta.dir, "main.ts")]

/** What a person types before a command's name. */
export const INVOCATION = Bun.isStandaloneExecutable ? basename(process.execPath) : "bun run"

/** A word as a shell takes it. */
export const quoteForShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
