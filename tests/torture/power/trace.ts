// What strace saw of a recording, as events: what was written to the folder's files, synced and noted, in order.
import { MARKS_FILE, type Mark } from "./marks"

/** Names are within the recording's folder; "" is the folder itself. */
export type Event =
  | { readonly kind: "write"; readonly file: string; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: "truncate"; readonly file: string; readonly size: number }
  | { readonly kind: "sync"; readonly file: string }
  | { readonly kind: "create" | "remove"; readonly file: string }
  | { readonly kind: "mark"; readonly mark: Mark }

/** The system calls that change files, or make changes durable. */
export const TRACED_CALLS =
  "open,openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,truncate,ftruncate,fallocate," +
  "unlink,unlinkat,rename,renameat,renameat2,link,linkat,copy_file_range,sendfile"

const HEX = String.raw`(?:\\x[0-9a-f]{2})*`
const CALL = /^\d+ +(\w+)\((.*)\) += (-?\d+)/
const UNFINISHED = /^(\d+) +(.*) <unfinished \.\.\.>$/
const RESUMED = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/
const ON_FILE = new RegExp(String.raw`^\d+<(${HEX})>(.*)$`)
const BY_NAME = new RegExp(String.raw`^(?:[\w-]+(?:<${HEX}>)?, )?"(${HEX})"(.*)$`)
const OFFSET = /^", \d+, (\d+)$/

const SYNCS = new Set(["fsync", "fdatasync"])
const NAMING = new Set(["open", "openat", "unlink", "unlinkat"])

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll("\\x", ""), "hex")

/** Reads the output of `strace -f -y -xx`. Throws an Error for a call that nobody here knows what it does to a file. */
export function* readTrace(text: string, folder: string): Generator<Event> {
  const reader = new TraceReader(folder)
  const within = [...Buffer.from(folder)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
  for (const line of wholeLines(text)) {
    if (!line.includes(within)) continue
    const [, call = "", given = "", result = ""] = CALL.exec(line) ?? []
    if (call === "" || result.startsWith("-")) continue // signals, ends, and what was refused or never carried out
    const event = reader.read(call, given, Number(result))
    if (event) yield event
  }
}

/** Calls that another thread's line cut in two are put together where they ended. */
function* wholeLines(text: string): Generator<string> {
  const begun = new Map<string, string>()
  for (const line of text.split("\n")) {
    const unfinished = UNFINISHED.exec(line)
    const resumed = RESUMED.exec(line)
    if (unfinished) begun.set(unfinished[1] ?? "", `${unfinished[1]} ${unfinished[2]}`)
    else if (resumed) yield `${begun.get(resumed[1] ?? "")}${resumed[2]}`
    else yield line
  }
}

class TraceReader {
  readonly #exists = new Set<string>()

  constructor(private readonly folder: string) {}

  read(call: string, given: string, result: number): Event | undefined {
    const [, path = "", rest = ""] = (NAMING.has(call) ? BY_NAME : ON_FILE).exec(given) ?? []
    const file = this.#within(bytesOf(path).toString())
    // SQLite makes its index anew, and nothing is read from a reserve
    if (file === undefined || file.endsWith("-shm") || file.endsWith(".reserve")) return undefined
    if (NAMING.has(call)) return this.#name(call, file, rest)
    if (SYNCS.has(call)) return { kind: "sync", file }
    if (call === "ftruncate") return { kind: "truncate", file, size: Number(rest.slice(2)) }
    const end = rest.lastIndexOf('"')
    const data = bytesOf(rest.slice(', "'.length, end))
    const [, offset] = OFFSET.exec(rest.slice(end)) ?? []
    if (file === MARKS_FILE) return { kind: "mark", mark: JSON.parse(data.toString()) }
    if (call === "pwrite64" && offset !== undefined && data.length === result)
      return { kind: "write", file, offset: Number(offset), data }
    throw new Error(`${call} on ${file} is more than this reader knows`)
  }

  #name(call: string, file: string, rest: string): Event | undefined {
    if (call.startsWith("unlink")) {
      this.#exists.delete(file)
      return { kind: "remove", file }
    }
    if (file === MARKS_FILE || file === "") return undefined
    if (rest.includes("O_TRUNC")) throw new Error(`${file} is opened with O_TRUNC, more than this reader knows`)
    if (!rest.includes("O_CREAT") || this.#exists.has(file)) return undefined
    this.#exists.add(file)
    return { kind: "create", file }
  }

  #within(path: string): string | undefined {
    if (path === this.folder) return ""
    return path.startsWith(`${this.folder}/`) ? path.slice(this.folder.length + 1) : undefined
  }
}
