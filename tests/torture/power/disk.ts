// What a disk may hold after a power cut, for the files of one database.
//
// A file's bytes are durable up to its last fsync, a folder's names up to the folder's. Of the writes to a file since
// then any number may be there in order with the next one torn at a sector, or they are there sector by sector, each
// in any state between the last fsync and now; of the names since then any number, in order (a journaling file system
// keeps that). Files do not wait for each other. Not covered: a sector that is half written or holds other bytes than
// were ever written to it, a disk that answers fsync and forgets, and names that change places.
import { File, type Loss } from "./file"
import type { Event } from "./trace"

/** Names and bytes as the next start finds them. */
export type Image = ReadonlyMap<string, Uint8Array>

export class Disk {
  #names = new Map<string, File>()
  #durableNames = new Map<string, File>()
  #renamed: Map<string, File>[] = []

  /** How much could be lost now: sectors written and names changed since they were synced. */
  get pendingSectors(): number {
    let sectors = this.#renamed.length
    for (const file of this.#names.values()) sectors += file.pendingSectors
    return sectors
  }

  apply(event: Event): void {
    switch (event.kind) {
      case "create":
      case "remove":
        this.#names = new Map(this.#names)
        if (event.kind === "create") this.#names.set(event.file, new File())
        else this.#names.delete(event.file)
        this.#renamed.push(this.#names)
        break
      case "write":
      case "truncate":
        this.#names.get(event.file)?.change(event) // a file without a name is gone whatever is written to it
        break
      case "sync":
        if (event.file !== "") return this.#names.get(event.file)?.sync()
        this.#durableNames = this.#names
        this.#renamed = []
        break
      case "mark":
    }
  }

  imageAfter(loss: Loss): Image {
    const names = this.#namesAfter(loss)
    return new Map([...names].map(([name, file]) => [name, file.after(loss, name)]))
  }

  #namesAfter(loss: Loss): Map<string, File> {
    if (loss.kind === "everything") return this.#durableNames
    if (loss.kind === "nothing" || loss.kind === "torn") return this.#names
    const states = [this.#durableNames, ...this.#renamed]
    return states[Math.floor(loss.random() * states.length)] ?? this.#names
  }
}
