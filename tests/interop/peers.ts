// The programs of others that the interop tests speak with; where one is missing they are skipped, but never in CI.
import { describe, test } from "bun:test"

/** Each under the names that systems give it, and the Debian package that brings it. */
const PEERS = {
  "coap-client": { names: ["coap-client-notls", "coap-client"], install: "libcoap3-bin" },
  "coap-server": { names: ["coap-server-notls", "coap-server"], install: "libcoap3-bin" },
  "coap-client-openssl": { names: ["coap-client-openssl"], install: "libcoap3-bin" },
  "coap-client-gnutls": { names: ["coap-client-gnutls"], install: "libcoap3-bin" },
  "coap-server-openssl": { names: ["coap-server-openssl"], install: "libcoap3-bin" },
  dumpcap: { names: ["dumpcap"], install: "tshark" },
  tshark: { names: ["tshark"], install: "tshark" },
  nc: { names: ["nc"], install: "netcat-openbsd" },
  openssl: { names: ["openssl"], install: "openssl" },
  python3: { names: ["python3"], install: "python3" },
  cryptography: { names: ["python3"], install: "python3-cryptography" },
} as const

export type Peer = keyof typeof PEERS

const TIMEOUT_MS = 20_000

/** The path of a peer's program, if this machine has it. */
export function findPeer(peer: Peer): string | undefined {
  for (const name of PEERS[peer].names) {
    const path = Bun.which(name)
    if (path && isWhole(peer, path)) return path
  }
  return undefined
}

/** Python may be there without its library. */
const isWhole = (peer: Peer, path: string): boolean =>
  peer !== "cryptography" || Bun.spawnSync([path, "-c", "import cryptography"]).exitCode === 0

/** A group of tests that need these peers. Without them it is skipped with a word; with CI set it fails. */
export function describeWith(peers: readonly Peer[], name: string, body: () => void): void {
  const missing = peers.filter((peer) => !findPeer(peer))
  if (missing.length === 0) return describe(name, body)
  const packages = [...new Set(missing.map((peer) => PEERS[peer].install))]
  const advice = `${missing.join(" and ")} missing: apt-get install ${packages.join(" ")}`
  if (!process.env.CI) return describeSkipped(name, advice, body)
  test(`${name} finds its peers`, () => {
    throw new Error(advice)
  })
}

/** A group of tests that cannot run here, and why. */
export function describeSkipped(name: string, reason: string, body: () => void): void {
  console.warn(`Skipped: ${name}. ${reason}`)
  describe.skip(name, body)
}

/** Starts a peer. Killed when it is disposed of, or after 20 s. */
export function startPeer(peer: Peer, args: readonly string[]) {
  return Bun.spawn([findPeer(peer) ?? peer, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  })
}

/** Runs a peer to its end and gives what it said, both streams. Throws when it fails. */
export async function runPeer(peer: Peer, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const running = startPeer(peer, args)
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(running.stdout).text(),
    new Response(running.stderr).text(),
    running.exited,
  ])
  if (exitCode !== 0) throw new Error(`${peer} ${args.join(" ")} exits with ${exitCode}: ${stderr || stdout}`)
  return { stdout, stderr }
}
