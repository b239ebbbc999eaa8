// topology.yaml while the network runs, and the file of sites that it names: looked at once a minute, on SIGHUP and before
// each run; what may change does.
import { stat } from "node:fs/promises"
import type { Clock } from "../../clock"
import { errorText } from "../../format"
import { loadTopology, type Topology } from "../../network"
import { applyChanges, changesOf } from "../../topology/changes"
import type { Screen } from "../screen"

const LOOK_MS = 60_000

export class TopologyFile {
  #cancelLook = () => {}
  #onChange: ((topology: Topology) => void) | undefined
  /** One reads it at a time: another one would tell of the same changes. */
  #last: Promise<unknown> = Promise.resolve()
  /** What was told last of files that are not sound. */
  #told = ""
  /** It has changed before anybody followed. */
  #isAhead = false

  private constructor(
    /** What is in force. */
    public topology: Topology,
    /** What the files were when they were last read and found sound; others are read again. */
    private seen: string | undefined,
    private readonly screen: Pick<Screen, "info" | "warn" | "error">,
  ) {}

  /** Throws a TopologyError with every problem of the file. */
  static async open(file: string, screen: Pick<Screen, "info" | "warn" | "error">): Promise<TopologyFile> {
    const seen = await versionOf({ file })
    return new TopologyFile(await loadTopology(file), seen, screen)
  }

  /** Tells of each topology that comes into force, at once of one that already has. */
  follow(onChange: (topology: Topology) => void): void {
    this.#onChange = onChange
    if (this.#isAhead) onChange(this.topology)
  }

  /** Looks once a minute, until `stop()`. */
  start(clock: Clock): void {
    this.#cancelLook = clock.after(LOOK_MS, () => {
      this.start(clock)
      void this.look()
    })
  }

  stop(): void {
    this.#cancelLook()
  }

  /** Reads it if it is another one than before; one that is not sound is told once, and changes nothing. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      if ((await versionOf(this.topology)) !== this.seen) await this.#apply()
    })
  }

  /** Reads it; one that is not sound is told, and changes nothing. */
  apply(): Promise<void> {
    return this.#inTurn(() => {
      this.#told = ""
      return this.#apply()
    })
  }

  /** What changed, in words, which the screen tells too. Throws a TopologyError where the file is not sound. */
  read(): Promise<string> {
    return this.#inTurn(() => this.#read())
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  async #apply(): Promise<void> {
    try {
      await this.#read()
      this.#told = ""
    } catch (error) {
      const text = errorText(error)
      const [first] = text.split("\n")
      if (text !== this.#told) this.screen.error(`${this.topology.file} is not sound, the old one stays: ${first}`)
      this.#told = text
    }
  }

  async #read(): Promise<string> {
    const { file } = this.topology
    // of a file of sites that is named from now on it knows nothing, and the next look reads both again
    const seen = await versionOf(this.topology)
    this.seen = undefined
    const read = await loadTopology(file)
    this.seen = seen
    const { applied, postponed } = changesOf(this.topology, read)
    const later = postponed.length > 0 ? [`${postponed.join(", ")} changed: start again to apply it`] : []
    for (const line of applied) this.screen.info(`${file}: ${line}`)
    for (const line of later) this.screen.warn(`${file}: ${line}`)
    this.topology = applyChanges(this.topology, read)
    if (this.#onChange) this.#onChange(this.topology)
    else this.#isAhead = true
    return `${file}: ${[...applied, ...later].join("; ") || "nothing changed"}`
  }
}

/** Differs whenever one of the files is another one, or is not there any more. */
async function versionOf({ file, sitesFile }: Pick<Topology, "file" | "sitesFile">): Promise<string> {
  const files = sitesFile === undefined ? [file] : [file, sitesFile]
  return (await Promise.all(files.map(fileVersion))).join()
}

async function fileVersion(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    return [ino, size, mtimeMs, ctimeMs].join(" ")
  } catch {
    return "" // reading it tells what is wrong
  }
}
