// topology.yaml → Topology, or every problem with its place.
import { stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { errorText } from "../../format"
import { secretFaults } from "../alerts/faults"
import { isServerUrl } from "../cloud/server-url"
import { insertSites, type ReadSites, readSitesFile, type SitesFile } from "../cloud/sites-file"
import { Devices } from "../devices"
import { refusals, warnings } from "../rules"
import { missingKeys } from "../security/rules"
import type { Topology } from "../topology"
import { validate } from "../validate"
import { dataFaults, dataPath, type Environment } from "./data-files"
import { readPlain } from "./plain"
import { type Problem, TopologyError } from "./problem"

export { TopologyError } from "./problem"

const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * Reads a topology. Throws a TopologyError with every problem at once, also when the file cannot be read.
 * @param keysMayBeMissing those that are required are about to be made
 */
export async function loadTopology(
  file: string,
  environment: Environment = process.env,
  { keysMayBeMissing = false } = {},
): Promise<Topology> {
  const text = await readTopologyText(file)
  const topology = parseTopology(text, file, environment)
  const faults = [
    ...dataFaults(topology),
    ...secretFaults(topology),
    ...(keysMayBeMissing ? [] : missingKeys(topology)),
  ]
  if (faults.length === 0) return topology
  const source = new (sourceModule().Source)(text, file)
  throw new TopologyError(faults.map((fault) => source.problem(fault)))
}

/**
 * The topology that a text describes, as if it stood in `file`. Throws a TopologyError with every problem at once.
 * @param readSites reads the file that `cloud.sites` names, if it does
 */
export function parseTopology(
  text: string,
  file: string,
  environment: Environment = {},
  readSites: ReadSites = readSitesFile,
): Topology {
  const insert = (value: unknown) => insertSites(value, file, readSites)
  const { declared, lineOf, doubts, sites } = readPlainly(text, insert) ?? readWithPlaces(text, file, insert)
  const { gateway, cloud, devices } = declared
  const folder = dirname(resolve(file))
  return {
    ...declared,
    gateway: { ...gateway, spool: dataPath(gateway.spool, folder, environment) },
    cloud: { ...cloud, store: isServerUrl(cloud.store) ? cloud.store : dataPath(cloud.store, folder, environment) },
    devices: new Devices(devices.map((entry, index) => ({ ...entry, line: lineOf(index) }))),
    file,
    folder,
    ...(sites && { sitesFile: sites.path }),
    warnings: doubts,
  }
}

/** It waits until it is needed, with the yaml package. */
const sourceModule = () => require("./source") as typeof import("./source")

/** Puts the sites that stand in a file into a value. */
type Insert = (value: unknown) => SitesFile | undefined

/** Undefined unless it is written plainly, and there is nothing to tell about it. */
function readPlainly(text: string, insert: Insert) {
  const plain = readPlain(text)
  if (!plain) return undefined
  const sites = insert(plain.value)
  if (sites && sites.findings.length + sites.problems.length > 0) return undefined
  const { draft, declared } = validate(plain.value)
  const lineOf = (index: number) => plain.deviceLines[index] ?? 0
  const isQuiet = refusals(draft, lineOf).length === 0 && warnings(draft, lineOf).length === 0
  return declared && isQuiet ? { declared, lineOf, doubts: [], sites } : undefined
}

function readWithPlaces(text: string, file: string, insert: Insert) {
  const { inOrder, Source } = sourceModule()
  const { validateWritten } = require("./validate-written") as typeof import("./validate-written")
  const source = new Source(text, file)
  const sites = insert(source.value)
  const lineOf = (index: number) => source.lineOf(["devices", index])
  const { findings, draft, declared } = validateWritten(source, lineOf)
  const problems = [...(sites?.findings ?? []), ...findings.filter((finding) => !sites?.problem(finding))]
    .map((finding) => source.problem(finding))
    .filter((problem) => !source.tells(problem))
  const ofSites = [...(sites?.problems ?? []), ...findings.flatMap((finding) => sites?.problem(finding) ?? [])]
  if (!declared || problems.length + ofSites.length > 0 || source.problems.length > 0) {
    throw new TopologyError([...inOrder([...source.problems, ...problems]), ...inOrder(ofSites)])
  }
  const doubts = inOrder(warnings(draft, lineOf).map((finding) => source.problem(finding)))
  return { declared, lineOf, doubts, sites }
}

/** What stands in it. Rejects with a TopologyError where it cannot be read. */
export async function readTopologyText(file: string): Promise<string> {
  try {
    const status = await stat(file)
    if (!status.isFile()) throw unusable(file, "is not a file: name a topology.yaml with --topology FILE")
    if (status.size > MAX_FILE_BYTES) {
      throw unusable(file, "is larger than 64 MiB: write a fleet as one range, such as ip: 10.0.0.2-10.0.39.255")
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await Bun.file(file).bytes())
  } catch (cause) {
    throw cause instanceof TopologyError ? cause : unusable(file, whyUnreadable(cause), cause)
  }
}

function whyUnreadable(cause: unknown): string {
  if (cause instanceof TypeError) return "is not UTF-8 text: save it as UTF-8"
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "ENOENT") return "is not there: run this in the folder that holds it, or name it with --topology FILE"
  if (code === "EACCES") return "may not be read: give this user leave to read it"
  return `cannot be read: ${errorText(cause)}`
}

function unusable(file: string, message: string, cause?: unknown): TopologyError {
  const problem: Problem = { file, line: 0, column: 0, path: "", message, sourceLine: "" }
  return new TopologyError([problem], { cause })
}
