import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadTopology, parseTopology, TopologyError } from "../../../src/topology/yaml/load"
import { formatProblem } from "../../../src/topology/yaml/problem"
import { changed } from "../sample"

const FINGERPRINT = `sha256:${"5f".repeat(32)}`
const OTHER = `sha256:${"a0".repeat(32)}`
const PLAIN = changed(["  address: 10.10.10.2", "  address: 10.10.10.2\n  sites: sites.txt"])
const withList = (list: string, keyed = false) => {
  const tls = `tls: { fingerprint: "${OTHER}" }`
  return changed(
    ["  address: 10.10.10.2", `  address: 10.10.10.2\n  sites: ${list}${keyed ? `\n  ${tls}` : ""}`],
    ["10.10.10.1/24 }", `10.10.10.1/24 }${keyed ? `\n  ${tls}` : ""}`],
  )
}
const KEYED = withList("sites.txt", true)

const parse = (sites: string, text = PLAIN) => parseTopology(text, "farm/topology.yaml", {}, () => sites)

/** The problems as they are shown, without the lines that they quote. */
function problemsOf(sites: string, text = PLAIN): string[] {
  try {
    parse(sites, text)
    return []
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    return error.problems.map((problem) => formatProblem(problem).split("\n", 1)[0] ?? "")
  }
}

test("a file of sites is the same as a list of them", () => {
  const file = "# our sites\n\ngreenhouse\r\n  farm-b\t203.0.113.0/24   # the hill\nbarn 10.10.10.7\n"
  const list = "[greenhouse, { site: farm-b, from: 203.0.113.0/24 }, { site: barn, from: 10.10.10.7/32 }]"
  const { cloud, warnings, sitesFile } = parse(file)
  expect(cloud).toEqual(parse("", withList(list)).cloud)
  expect(warnings).toEqual([])
  expect(sitesFile).toBe(join(process.cwd(), "farm/sites.txt"))
  expect(parse("", withList(list)).sitesFile).toBeUndefined()
})

test("under TLS a line holds fingerprints, an address beside them or not", () => {
  const file = `greenhouse\nfarm-b ${FINGERPRINT.toUpperCase()} 203.0.113.0/24\nbarn ${FINGERPRINT} ${OTHER}#both\n`
  const list = `[greenhouse, { site: farm-b, from: 203.0.113.0/24, fingerprint: "${FINGERPRINT}" }, { site: barn, fingerprint: ["${FINGERPRINT}", "${OTHER}"] }]`
  expect(parse(file, KEYED).cloud).toEqual(parse("", withList(list, true)).cloud)
})

test("every problem of the file is told at once, with its line and column, behind those of topology.yaml", () => {
  const file = `greenhouse
-barn 10.0.0.1
farm-b
farm-c 10.0.0.0/33
farm-d 10.0.0.1 10.0.0.2

farm-e 10.0.0.5 # fine
farm-e 10.0.0.6
farm-f ${FINGERPRINT}
farm-g 10.0.0.1 sha256:12
-farm 10.0.0 sha256:34 sha256:56
`
  expect(problemsOf(file, PLAIN.replace("0 6 * * *", "0 66 * * *"))).toEqual([
    expect.stringMatching(/^farm\/topology\.yaml:4:9 schedule\.cron: /),
    'farm/sites.txt:2:1 site: must be up to 64 letters, digits, - _ . with a letter or digit first: it is "-barn"',
    "farm/sites.txt:3:1 farm-b is another site: say from where it may deliver, as farm-b 203.0.113.0/24",
    'farm/sites.txt:4:8 from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0.0/33"',
    "farm/sites.txt:5:17 from: 10.0.0.1 stands here already: a site has one address, or one network",
    "farm/sites.txt:8:1 farm-e stands here twice: keep one of them",
    "farm/sites.txt:9:8 fingerprint: needs cloud.tls and gateway.tls",
    'farm/sites.txt:10:17 fingerprint: must be a key\'s fingerprint, sha256: and 64 hexadecimal digits, as `pair` prints it: it is "sha256:12"',
    'farm/sites.txt:11:1 site: must be up to 64 letters, digits, - _ . with a letter or digit first: it is "-farm"',
    'farm/sites.txt:11:7 from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0"',
    'farm/sites.txt:11:14 fingerprint: must be a key\'s fingerprint, sha256: and 64 hexadecimal digits, as `pair` prints it: it is "sha256:34"',
    'farm/sites.txt:11:24 fingerprint: must be a key\'s fingerprint, sha256: and 64 hexadecimal digits, as `pair` prints it: it is "sha256:56"',
  ])
  expect(problemsOf("greenhouse\nfarm-b\n", KEYED)).toEqual([
    "farm/sites.txt:2:1 farm-b is another site: say which key its gateway has, as farm-b sha256:…",
  ])
})

test("a problem shows its line with a caret", () => {
  const error = (() => {
    try {
      return parse("  farm-b\t10.0.0 # here\r\n")
    } catch (error) {
      return error
    }
  })()
  expect(error).toBeInstanceOf(TopologyError)
  expect(
    String(error),
  ).toBe(`farm/sites.txt:1:10 from: must be an IPv4 address and its prefix, such as 203.0.113.0/24: it is "10.0.0"
    farm-b 10.0.0 # here
           ^`)
})

test("own site that is not among them is a warning, as of a list", () => {
  expect(parse("farm-b 10.0.0.0/8").warnings.map((problem) => formatProblem(problem).split("\n", 1)[0])).toEqual([
    "farm/topology.yaml:11:10 cloud.sites: greenhouse is not among them: this cloud will refuse its own gateway",
  ])
})

test("a file without sites is told where topology.yaml names it", () => {
  for (const file of ["", "\n \n# farm-b 10.0.0.1\n"]) {
    expect(problemsOf(file)).toEqual([
      "farm/topology.yaml:11:10 cloud.sites: farm/sites.txt names no site: write one a line, or leave cloud.sites out",
    ])
  }
})

test("a site twice in a list is told as well: nobody could tell which one holds", () => {
  expect(problemsOf("", withList("[greenhouse, greenhouse]"))).toEqual([
    "farm/topology.yaml:11:23 cloud.sites[1]: greenhouse stands here twice: keep one of them",
  ])
})

test("what is neither a list nor a path is told so", () => {
  expect(problemsOf("", withList("12"))).toEqual([
    "farm/topology.yaml:11:10 cloud.sites: must be a list of sites, or the path of a file that holds them: it is 12",
  ])
  expect(problemsOf("", withList('""'))).toEqual([
    'farm/topology.yaml:11:3 cloud.sites: must be a list of sites, or the path of a file that holds them: it is ""',
  ])
})

describe("on a disk", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "smart-meter-"))
    await writeFile(join(folder, "topology.yaml"), PLAIN)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const load = () => loadTopology(join(folder, "topology.yaml"), {})
  const problem = async () => {
    const error = await load().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TopologyError)
    const [first = ""] = String(error).split("\n")
    return first.replaceAll(`${folder}/`, "")
  }
  const AT = "topology.yaml:11:10 cloud.sites: sites.txt"

  test("the file is looked for in the topology's folder", async () => {
    await writeFile(join(folder, "sites.txt"), "\ufeffgreenhouse\nfarm-b 10.0.0.0/8\n")
    const { cloud, sitesFile } = await load()
    expect(cloud.sites.map(({ site }) => site)).toEqual(["greenhouse", "farm-b"])
    expect(sitesFile).toBe(join(folder, "sites.txt"))
  })

  test("one that is not there, is no file, or is no text is told where it is named", async () => {
    expect(await problem()).toBe(
      `${AT} is not there: write the sites into it, one a line, or list them here as [ farm-b ]`,
    )
    await mkdir(join(folder, "sites.txt"))
    expect(await problem()).toBe(`${AT} is not a file: name one that holds a site a line`)
    await rm(join(folder, "sites.txt"), { recursive: true })
    await writeFile(join(folder, "sites.txt"), Uint8Array.of(0xff, 0xfe))
    expect(await problem()).toBe(`${AT} is not UTF-8 text: save it as UTF-8`)
  })

  test.skipIf(process.getuid?.() === 0)("one that this user may not read is told", async () => {
    await writeFile(join(folder, "sites.txt"), "greenhouse\n")
    await chmod(join(folder, "sites.txt"), 0o000)
    expect(await problem()).toBe(`${AT} may not be read: give this user leave to read it`)
  })
})
