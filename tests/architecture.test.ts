// Imports point one way: down the layers, never up, never around.
import { expect, test } from "bun:test"
import { dirname, relative, resolve } from "node:path"

const SRC = resolve(import.meta.dir, "../src")

// From the top down: a room may import from those below it, and from itself; rooms on one line never meet.
const LAYERS = [
  "main",
  "commands",
  "network",
  "page",
  "status",
  "alerts schedule device gateway cloud",
  "asked coap news",
  "keys",
  "net output script storage survey topology",
  "log",
  "format",
  "clock installation nearest printable verdict",
]
const GATEWAY_LAYERS = [
  "gateway",
  "report",
  "control",
  "delivery intake",
  "storage",
  "ledger",
  "spool",
  "quarantine",
  "events",
]
const MOST_FILES = 12 // a folder with more has rooms

const files = [...new Bun.Glob("**/*.ts").scanSync(SRC)]
const imports = new Map<string, string[]>()
for (const file of files) {
  const source = await Bun.file(`${SRC}/${file}`).text()
  const written = [...source.matchAll(/(?:from|import\(|require\()\s*"(\.[^"]+)"/g)].map(([, target = ""]) => target)
  const targets = written
    .filter((target) => !/\.(css|js|json|svg)$/.test(target))
    .map((target) => `${relative(SRC, resolve(SRC, dirname(file), target))}.ts`)
  imports.set(file, targets)
}

const name = (part = ""): string => part.replace(/\.ts$/, "")

/** The room of a file: its folder in src, or the file itself; the same within the gateway. */
const roomOf = (file: string): string => name(file.split("/")[0])
const gatewayRoomOf = (file: string): string => name(file.split("/")[1])

const layerOf = (room: string, layers: readonly string[]): number =>
  layers.findIndex((layer) => layer.split(" ").includes(room))

function upward(
  inside: (file: string) => boolean,
  room: (file: string) => string,
  layers: readonly string[],
): string[] {
  const wrong: string[] = []
  for (const [file, targets] of imports) {
    for (const target of targets) {
      if (!inside(file) || !inside(target) || room(file) === room(target)) continue
      if (layerOf(room(target), layers) <= layerOf(room(file), layers)) wrong.push(`${file} imports ${target}`)
    }
  }
  return wrong
}

const inGateway = (file: string): boolean => file.startsWith("gateway/")

test("every source file belongs to a layer, and every import is a file", () => {
  expect(files.filter((file) => layerOf(roomOf(file), LAYERS) < 0)).toEqual([])
  expect(files.filter((file) => inGateway(file) && layerOf(gatewayRoomOf(file), GATEWAY_LAYERS) < 0)).toEqual([])
  expect([...imports.values()].flat().filter((file) => !files.includes(file))).toEqual([])
})

test("imports point down the layers", () => {
  expect(upward(() => true, roomOf, LAYERS)).toEqual([])
})

test("imports between the gateway's rooms point down too", () => {
  expect(upward(inGateway, gatewayRoomOf, GATEWAY_LAYERS)).toEqual([])
})

test(`no folder holds more than ${MOST_FILES} files`, () => {
  const folders = Map.groupBy(files, (file) => dirname(file))
  expect([...folders].filter(([, held]) => held.length > MOST_FILES).map(([folder]) => folder)).toEqual([])
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

test("only the edges touch sockets, and only main ends the process", async () => {
  const sockets: string[] = []
  const exits: string[] = []
  for (const file of files) {
    const source = await Bun.file(`${SRC}/${file}`).text()
    if (/Bun\.(udpSocket|listen|connect|serve)\b|\bunix:/.test(source)) sockets.push(file)
    if (/process\.exit\(/.test(source)) exits.push(file)
  }
  expect(sockets.sort()).toEqual(["net/tcp.ts", "net/udp.ts", "net/unix.ts", "page/server.ts"])
  expect(exits).toEqual(["main.ts"])
})

test("only the screen and main, which make every text printable, reach the terminal, through one file", async () => {
  const writers: string[] = []
  for (const file of files) {
    const source = await Bun.file(`${SRC}/${file}`).text()
    if (/process\.std(out|err)\.write\(|console\.\w+\(|Bun\.std(out|err)\b.*write/.test(source)) writers.push(file)
  }
  expect(writers).toEqual(["output.ts"])
  const users = files.filter((file) => imports.get(file)?.includes("output.ts"))
  expect(users.sort()).toEqual(["commands/screen.ts", "commands/start/signals.ts", "main.ts"])
})
