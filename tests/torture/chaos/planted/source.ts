// Puts a fault into the programme's text as it is loaded.
import { plugin } from "bun"

/** Where the text is not there the programme does not start: a fault that is not put in proves nothing. */
export function replaceInSource(file: RegExp, from: string, to: string): void {
  plugin({
    name: String(file),
    setup(build) {
      build.onLoad({ filter: file }, async ({ path }) => {
        const source = await Bun.file(path).text()
        if (source.split(from).length !== 2) throw new Error(`${path} has no ${from} to be replaced`)
        return { contents: source.replace(from, () => to), loader: "ts" }
      })
    },
  })
}
