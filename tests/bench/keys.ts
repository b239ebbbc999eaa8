// Keys of both legs beside a topology of a bench or a suite, and the text that names those of the cloud's.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
import { formatSecret } from "../../src/keys/device"
import { readKeyPair, writeSecret } from "../../src/keys/files"
import { fingerprintOf } from "../../src/net/tls"

const ENDS = ["cloud", "gateway"] as const

export function makeKeys(folder: string): void {
  for (const end of ENDS) {
    const { certificate, key } = makePair(end)
    writeSecret(join(folder, `keys/${end}.crt`), certificate)
    writeSecret(join(folder, `keys/${end}.key`), key)
  }
}

/** What devices' keys are derived from in benches and suites. */
export const SITE_SECRET = new Uint8Array(32).fill(0x42)

/** Gives keys to devices, as `bun run pair` leaves it. @param ranges as `keys/devices` names them */
export function keyDevices(folder: string, ranges: readonly string[]): void {
  writeSecret(join(folder, "keys/site.secret"), formatSecret(SITE_SECRET))
  writeSecret(join(folder, "keys/devices"), ranges.map((range) => `${range} 1\n`).join(""))
}

/** A topology that begins its sections `gateway:` and `cloud:` at the left, with TLS where there are keys in its folder. */
export function withKeys(text: string, folder: string): string {
  if (!existsSync(join(folder, "keys/cloud.crt"))) return text
  return ENDS.reduce((changed, end) => {
    const path = (kind: string) => join(folder, `keys/${end}.${kind}`)
    const { leaf } = readKeyPair(path("crt"), path("key"), "")
    const tls = `tls: { fingerprint: ${fingerprintOf(leaf.publicKey)} }`
    return changed
      .replace(new RegExp(`^${end}:$`, "m"), `${end}:\n  ${tls}`)
      .replace(new RegExp(`^${end}: \\{ (.*) \\}$`, "m"), `${end}: { $1, ${tls} }`)
  }, text)
}
