// Groups of tests that need hosts of their own: skipped with a word where this machine cannot make them, but never in CI.
import { afterAll, describe, test } from "bun:test"
import { describeSkipped } from "../interop/peers"
import { takeDown } from "./hosts"

/** Each with the Debian package that brings it. */
const TOOLS = {
  ip: "iproute2",
  nft: "nftables",
  dumpcap: "tshark",
  tshark: "tshark",
  setpriv: "util-linux",
  unshare: "util-linux",
  bash: "bash",
}

export function describeHosts(name: string, body: () => void): void {
  const refused = hostsRefused()
  if (refused !== undefined && !process.env.CI) return describeSkipped(name, refused, body)
  describe(name, () => {
    if (refused === undefined) {
      afterAll(takeDown)
      return body()
    }
    test("can make its hosts", () => {
      throw new Error(refused)
    })
  })
}

function hostsRefused(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "Only root on Linux can make hosts of its own"
  const missing = Object.entries(TOOLS).filter(([tool]) => !Bun.which(tool))
  if (missing.length > 0) {
    const packages = new Set(missing.map(([, name]) => name))
    return `${missing.map(([tool]) => tool).join(" and ")} missing: apt-get install ${[...packages].join(" ")}`
  }
  const { success, stderr } = Bun.spawnSync(["unshare", "--net", "true"])
  return success ? undefined : `This root may not make network namespaces: ${stderr.toString().trim()}`
}
