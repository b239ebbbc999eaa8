// Pairs of ours and of an authority, as the tests of TLS hand them to their hosts.
import { join } from "node:path"
import { makePair } from "../../../src/keys/certificate"
import { writeSecret } from "../../../src/keys/files"
import { fingerprintOf } from "../../../src/net/tls"
import type { Issued } from "../../keys/authority"

/** One of ours, in files. */
export function pairIn(folder: string, name: string): Issued {
  const pair = makePair(name)
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  writeSecret(certificate, pair.certificate)
  writeSecret(key, pair.key)
  return { certificate, key, fingerprint: fingerprintOf(pair.publicKey) }
}

/** What a host says of its own end: where its files are, and how it is known. */
export const own = ({ certificate, key }: Issued, known: object = {}): object => ({ certificate, key, ...known })

export const byKey = (...issued: readonly Issued[]): object => ({ fingerprint: issued.map((each) => each.fingerprint) })
