// What an executable is made of, as a bill of materials (CycloneDX 1.6, JSON): the bundler's own word on what it has put in.
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as v from "valibot"
import { name, version } from "../../../package.json"

const ROOT = resolve(import.meta.dir, "../../..")
const PACKAGES = "node_modules/"

const packageFile = v.object({ name: v.string(), version: v.string(), license: v.optional(v.string()) })
const metafile = v.object({ inputs: v.record(v.string(), v.unknown()) })
/** `"yaml": ["yaml@2.9.1", "", {}, "sha512-…"]` */
const lockFile = v.object({ packages: v.record(v.string(), v.array(v.unknown())) })

/** @param inputs the bundler's metafile: which source files went in */
export function billOfMaterials(inputs: unknown): string {
  const files = Object.keys(v.parse(metafile, inputs).inputs)
  const folders = new Set(files.flatMap((file) => packageFolder(file) ?? []))
  const digests = digestsInLock()
  const components = [...folders].sort().map((folder) => componentOf(folder, digests))
  const own = purlOf(name, version)
  const bill = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": own, name, version, purl: own } },
    components: [runtime(), ...components],
    dependencies: [{ ref: own, dependsOn: [runtime(), ...components].map((component) => component["bom-ref"]) }],
  }
  return `${JSON.stringify(bill, undefined, 2)}\n`
}

/** Of a file in a package, its folder; undefined for one of ours. The bundler names files from where it is called. */
function packageFolder(file: string): string | undefined {
  const from = file.lastIndexOf(PACKAGES)
  if (from < 0) return undefined
  const [first = "", second = ""] = file.slice(from + PACKAGES.length).split("/")
  const name = first.startsWith("@") ? join(first, second) : first
  return resolve(file.slice(0, from), PACKAGES, name)
}

function componentOf(folder: string, digests: ReadonlyMap<string, string>) {
  const read = v.parse(packageFile, JSON.parse(readFileSync(join(folder, "package.json"), "utf8")))
  const digest = digests.get(`${read.name}@${read.version}`)
  const purl = purlOf(read.name, read.version)
  return {
    type: "library",
    "bom-ref": purl,
    name: read.name,
    version: read.version,
    ...(digest && { hashes: [{ alg: "SHA-512", content: digest }] }),
    ...(read.license && { licenses: [{ expression: read.license }] }),
    purl,
  }
}

/** Bun itself is in it, with all that it is made of. */
function runtime() {
  const purl = `pkg:github/oven-sh/bun@bun-v${Bun.version}`
  return { type: "platform", "bom-ref": purl, name: "bun", version: Bun.version, purl }
}

/** SHA-512 in hexadecimal digits, by name and version, as the packages were when they were chosen. */
function digestsInLock(): Map<string, string> {
  const { packages } = v.parse(lockFile, Bun.JSONC.parse(readFileSync(join(ROOT, "bun.lock"), "utf8")))
  const digests = new Map<string, string>()
  for (const [named, ...rest] of Object.values(packages)) {
    const digest = rest.find((part) => typeof part === "string" && part.startsWith("sha512-"))
    if (typeof named !== "string" || typeof digest !== "string") continue
    digests.set(named, Buffer.from(digest.slice("sha512-".length), "base64").toString("hex"))
  }
  return digests
}

/** A scope's @ is escaped. */
const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace("@", "%40")}@${version}`
