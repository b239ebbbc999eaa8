// People who load pages without a pause, in a process of their own, as on machines of their own: the page's port is the
// first argument, which it prints again. Told "go" or "stop" it does, and prints how many pages it has loaded so far.
import { setPriority } from "node:os"

const READERS = 10
const LOWEST = 19 // what they do here others would do elsewhere
const PATHS = ["/", "/devices", "/devices/10.0.0.2", "/metrics"]

setPriority(LOWEST)
const [port = "0"] = process.argv.slice(2)
let ended = new AbortController()
let readers: Promise<void>[] = []
let pages = 0

async function read(nth: number, signal: AbortSignal): Promise<void> {
  for (let look = nth; !signal.aborted; look++, pages++) {
    const response = await fetch(`http://127.0.0.1:${port}${PATHS[look % PATHS.length]}`)
    await response.bytes()
  }
}

process.stdout.write(`${port}\n`)
for await (const line of console) {
  ended.abort()
  await Promise.all(readers)
  ended = new AbortController()
  readers = line === "go" ? Array.from({ length: READERS }, (_, nth) => read(nth, ended.signal)) : []
  process.stdout.write(`${pages}\n`)
}
