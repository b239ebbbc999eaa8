// Sources of the programme as they are loaded in a process of courses: with a front before the cloud, and a fault planted.
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** A file of src, and what becomes of its text. */
export interface Patch {
  readonly file: string
  readonly change: (text: string) => string
}

const SRC = fileURLToPath(import.meta.resolve("../../../src"))
const FRONT = fileURLToPath(import.meta.resolve("./front.ts"))

const FRONT_OF_CLOUD: Patch = {
  file: "cloud/receiver.ts",
  change: (text) => `${replaceOnce(text, "export class Receiver ", "class OwnReceiver ")}
    import { inFront } from ${JSON.stringify(FRONT)}
    export class Receiver extends OwnReceiver {
      override readonly handle = inFront(this.handle)
    }`,
}

/** Call it before anything of src is loaded. */
export function patchSources(patches: readonly Patch[]): void {
  const all = [FRONT_OF_CLOUD, ...patches]
  const byFile = Map.groupBy(all, ({ file }) => join(SRC, file))
  Bun.plugin({
    name: "courses",
    setup(build) {
      const names = [...byFile.keys()].map((file) => RegExp.escape(file)).join("|")
      build.onLoad({ filter: new RegExp(`^(${names})$`) }, async ({ path }) => {
        const own = await Bun.file(path).text()
        const contents = (byFile.get(path) ?? []).reduce((text, { change }) => change(text), own)
        return { loader: "ts", contents }
      })
    },
  })
}

/** Throws when it is not there: a fault that is not put in proves nothing. */
export function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`the patch has no place: ${from}`)
  return text.replace(from, () => to)
}
