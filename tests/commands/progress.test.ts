// The bar of a fleet's run, on a terminal.
import { expect, test } from "bun:test"
import { resolve } from "node:path"

const SCREEN = resolve(import.meta.dir, "../../src/commands/screen.ts")

async function shown(done: number, total: number): Promise<string> {
  const script = `
    import { createScreen } from ${JSON.stringify(SCREEN)}
    createScreen({}).progress(${done}, ${total})`
  let text = ""
  const ended = Promise.withResolvers<void>()
  const child = Bun.spawn([process.execPath, "-e", script], {
    terminal: {
      cols: 80,
      data: (_terminal, bytes) => {
        text += new TextDecoder().decode(bytes)
      },
      exit: () => ended.resolve(),
    },
  })
  await Promise.all([child.exited, ended.promise])
  return Bun.stripANSI(text).trim()
}

const bar = (filled: number) => `${"█".repeat(filled)}${"░".repeat(30 - filled)}`

test.each([
  [25, 50, `${bar(15)} 25 of 50 devices`],
  [81, 50, `${bar(30)} 81 of 50 devices`], // some of which were removed while it lasted
  [1, 0, `${bar(30)} 1 of 0 devices`],
  [0, 0, `${bar(0)} 0 of 0 devices`],
])("progress(%d, %d) is a bar", async (done, total, expected) => {
  expect(await shown(done, total)).toBe(expected)
})
