// Sources of the programme as they are loaded in a process of simulations: with what the simulation needs, and a fault planted.
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** A file of src, and what becomes of its text. */
export interface Patch {
  readonly file: string
  readonly change: (text: string) => string
}

const SRC = fileURLToPath(import.meta.resolve("../../src"))

/** Call it before anything of src is loaded. */
export function patchSources(patches: readonly Patch[]): void {
  const byFile = Map.groupBy(patches, ({ file }) => join(SRC, file))
  Bun.plugin({
    name: "patches",
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
