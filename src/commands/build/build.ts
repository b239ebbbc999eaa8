// `bun run build`: one executable that needs neither Bun nor node_modules, for this machine or another; beside it what it is made
// of, and the sums of both.
import { mkdir, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import { errorText } from "../../format"
import { didYouMean } from "../../nearest"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { createScreen } from "../screen"
import { billOfMaterials } from "./materials"

export const name = "build"
export const summary = "One executable for this machine or another; it takes the same commands."
export const options = {
  target: { type: "string", value: "TARGET", help: "for another machine: bun-linux-arm64 is a 64-bit Raspberry Pi" },
  outfile: { type: "string", value: "FILE", help: "the executable; data/smart-meter by default" },
  ...COMMON_OPTIONS,
} as const

// Bun's documentation, "Single-file executable", supported targets
const TARGETS = [
  "bun-linux-x64",
  "bun-linux-arm64",
  "bun-linux-x64-musl",
  "bun-linux-arm64-musl",
  "bun-darwin-x64",
  "bun-darwin-arm64",
  "bun-windows-x64",
  "bun-windows-arm64",
] as const

type Target = (typeof TARGETS)[number]

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const target = readTarget(values.target)
  const outfile = resolve(values.outfile ?? "data/smart-meter")
  const { executable, materials } = await compile(outfile, target)
  const { size } = await stat(executable)
  await writeFile(`${executable}.cdx.json`, materials)
  await writeFile(`${executable}.sha256`, await sumsOf(executable, `${executable}.cdx.json`))
  screen.success(`${executable}: ${(size / 1e6).toFixed(0)} MB${target ? ` for ${target}` : ""}`)
  screen.info(
    `  ${basename(executable)}.cdx.json says what it is made of (CycloneDX), ${basename(executable)}.sha256 has the sums of both`,
  )
  const topology = values.topology === undefined ? "" : ` --topology ${values.topology}`
  if (!target) screen.plain(`  ${executable} start --once${topology}`)
  return 0
}

function readTarget(name: string | undefined): Target | undefined {
  if (name === undefined) return undefined
  const target = TARGETS.find((target) => target === name)
  if (target) return target
  throw new UsageError(`--target ${name} is not known${didYouMean(name, TARGETS, `: ${TARGETS.join(", ")}`)}`)
}

interface Built {
  /** Its path: `outfile`, on Windows with .exe. */
  readonly executable: string
  readonly materials: string
}

/** Throws UsageError when it cannot be made. */
async function compile(outfile: string, target: Target | undefined): Promise<Built> {
  try {
    await mkdir(dirname(outfile), { recursive: true })
    const { outputs, metafile } = await Bun.build({
      entrypoints: ["../../main.ts", "../../page/server.ts", "../../page/beside-thread.ts"].map((path) =>
        resolve(import.meta.dir, path),
      ),
      format: "esm",
      splitting: true, // a command loads only what it needs
      bytecode: true, // halves the time to start; minified as well, it gains nothing
      sourcemap: "inline",
      metafile: true,
      compile: {
        outfile,
        ...(target && { target }),
        // a survey script finds its packages as `bun run` finds them
        autoloadPackageJson: true,
        autoloadTsconfig: true,
      },
    })
    const [executable, ...maps] = outputs
    await Promise.all(maps.map(({ path }) => rm(path))) // the executable holds them, too
    return { executable: executable?.path ?? outfile, materials: billOfMaterials(metafile) }
  } catch (cause) {
    throw new UsageError(`${outfile} cannot be built: ${whyNot(cause)}`, { cause })
  }
}

/** As `sha256sum --check` reads them, in the folder where they are. */
async function sumsOf(...files: readonly string[]): Promise<string> {
  const lines = files.map(async (file) => {
    const sum = new Bun.CryptoHasher("sha256")
    for await (const chunk of Bun.file(file).stream()) sum.update(chunk)
    return `${sum.digest("hex")}  ${basename(file)}\n`
  })
  return (await Promise.all(lines)).join("")
}

function whyNot(cause: unknown): string {
  const causes = cause instanceof AggregateError ? cause.errors : [cause]
  return causes.map(errorText).join("; ")
}
