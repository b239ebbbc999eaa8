// Imports point one way: down the layers, never up, never around.
import { expect, test } from "bun:test"
import { dirname, relative, resolve } from "node:path"

const SRC = resolve(import.meta.dir, "../src")

// a folder may import from folders of a lower layer, and from itself
const LAYERS: Record<string, number> = {
  main: 8,
  commands: 7,
  network: 6,
  run: 5,
  roles: 4,
  summary: 4,
  device: 3,
  gateway: 3,
  cloud: 3,
  schedule: 3,
  coap: 2,
  storage: 2,
  survey: 1,
  topology: 1,
  clock: 0,
  log: 0,
  nearest: 0,
  printable: 0,
  verdict: 0,
}

const files = [...new Bun.Glob("**/*.ts").scanSync(SRC)]
const imports = new Map<string, string[]>()
for (const file of files) {
  const source = await Bun.file(`${SRC}/${file}`).text()
  const targets = [...source.matchAll(/(?:from|import\(|require\()\s*"(\.[^"]+)"/g)].map(([, target = ""]) => {
    return `${relative(SRC, resolve(SRC, dirname(file), target))}.ts`
  })
  imports.set(file, targets)
}

const folderOf = (file: string): string => file.split("/")[0]?.replace(/\.ts$/, "") ?? file

test("every source file belongs to a layer, and every import is a file", () => {
  expect(files.filter((file) => LAYERS[folderOf(file)] === undefined)).toEqual([])
  expect([...imports.values()].flat().filter((file) => !files.includes(file))).toEqual([])
})

test("imports point down the layers", () => {
  const wrong: string[] = []
  for (const [file, targets] of imports) {
    for (const target of targets) {
      const [from, to] = [folderOf(file), folderOf(target)]
      if (from !== to && (LAYERS[to] ?? 0) >= (LAYERS[from] ?? 0)) wrong.push(`${file} imports ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test("there are no import cycles", () => {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "))
    if (done.has(file) || path.includes(file)) return
    for (const target of imports.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

test("only the edges touch Bun's sockets, and only main ends the process", async () => {
  const sockets: string[] = []
  const exits: string[] = []
  for (const file of files) {
    const source = await Bun.file(`${SRC}/${file}`).text()
    if (/Bun\.(udpSocket|listen|connect)\b/.test(source)) sockets.push(file)
    if (/process\.exit\(/.test(source)) exits.push(file)
  }
  expect(sockets.sort()).toEqual(["coap/tcp.ts", "coap/udp.ts"])
  expect(exits).toEqual(["main.ts"])
})

test("only the screen writes to the terminal, where every text becomes printable, and main its last word", async () => {
  const writers: string[] = []
  for (const file of files) {
    const source = await Bun.file(`${SRC}/${file}`).text()
    if (/process\.std(out|err)\.write\(|console\.\w+\(|Bun\.std(out|err)\b.*write/.test(source)) writers.push(file)
  }
  expect(writers.sort()).toEqual(["commands/screen.ts", "main.ts"])
})
