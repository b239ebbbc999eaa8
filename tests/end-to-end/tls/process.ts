// One delivery in a process of its own, for what has to be there from its beginning: a fault in the sources, or an environment.
import { fileURLToPath } from "node:url"
import type { Host, Outcome } from "./hosts"

/** Where fingerprints are compared: by whoever looks for his one peer, and by a cloud that knows thousands. */
const COMPARED = {
  "keys/trust.ts": ["trust.fingerprints.includes(shown.fingerprint)"],
  "cloud/gateways.ts": ["this.#keys.has(fingerprint)", "trust.fingerprints.includes(identity)"],
}

export interface Asked {
  readonly cloud: Host
  readonly gateway: Host
  /** Fingerprints are not compared. */
  readonly isFaulty?: boolean
}

export async function deliverElsewhere(asked: Asked, environment: Record<string, string> = {}): Promise<Outcome> {
  const running = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(asked)], {
    env: { ...process.env, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  })
  const [said, problem] = await Promise.all([new Response(running.stdout).text(), new Response(running.stderr).text()])
  if (said === "") throw new Error(problem)
  return JSON.parse(said)
}

/** Before anything of src is loaded. */
function plantFault(): void {
  Bun.plugin({
    name: "fault",
    setup(build) {
      for (const [name, comparisons] of Object.entries(COMPARED)) {
        const file = fileURLToPath(import.meta.resolve(`../../../src/${name}`))
        build.onLoad({ filter: new RegExp(`^${RegExp.escape(file)}$`) }, async ({ path }) => {
          let contents = await Bun.file(path).text()
          for (const compared of comparisons) {
            if (contents.split(compared).length !== 2) throw new Error(`the fault has no place: ${compared}`)
            contents = contents.replace(compared, "true")
          }
          return { loader: "ts", contents }
        })
      }
    },
  })
}

if (import.meta.main) {
  const { cloud, gateway, isFaulty }: Asked = JSON.parse(process.argv[2] ?? "")
  if (isFaulty) plantFault()
  const { deliver } = await import("./hosts")
  console.log(JSON.stringify(await deliver(cloud, gateway)))
  process.exit(0)
}
