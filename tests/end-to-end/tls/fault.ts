// A programme in which fingerprints are not compared: prints how many readings a stranger's key brought into the store.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const COMPARED = "trust.fingerprints.includes(shown.fingerprint)"
const TRUST = fileURLToPath(import.meta.resolve("../../../src/keys/trust.ts"))

// before anything of src is loaded
Bun.plugin({
  name: "fault",
  setup(build) {
    build.onLoad({ filter: new RegExp(`^${RegExp.escape(TRUST)}$`) }, async ({ path }) => {
      const own = await Bun.file(path).text()
      if (own.split(COMPARED).length !== 2) throw new Error(`the fault has no place: ${COMPARED}`)
      return { loader: "ts", contents: own.replace(COMPARED, "shown.fingerprint !== undefined") }
    })
  },
})

const { deliver } = await import("./hosts")
const { byKey, own, pairIn } = await import("./keys")
const folder = await mkdtemp(join(tmpdir(), "tls-fault-"))
const [cloud, gateway, stranger] = ["10.10.10.2", "greenhouse", "stranger"].map((name) => pairIn(folder, name))
if (!cloud || !gateway || !stranger) throw new Error("a pair is missing")
const { stored } = await deliver(
  { cloudTls: own(cloud, byKey(cloud)), gatewayTls: byKey(gateway) },
  { cloudTls: byKey(cloud), gatewayTls: own(stranger, byKey(stranger)) },
)
await rm(folder, { recursive: true })
console.log(stored)
process.exit(0)
