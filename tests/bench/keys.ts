// Keys of both ends beside a topology of the bench, and the text that names them.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
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
