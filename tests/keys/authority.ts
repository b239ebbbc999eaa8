// An authority of openssl's, and the certificates that it gives: good ones and bad ones.
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** Paths in PEM, and the SHA-256 of the public key as openssl says it. */
export interface Issued {
  readonly certificate: string
  readonly key: string
  readonly fingerprint: string
}

export interface Request {
  /** As openssl writes them, `IP:10.10.10.2,DNS:cloud.example`. */
  readonly names?: string
  /** The only use that it is for: serverAuth or clientAuth. */
  readonly use?: string
  /** As 20260101000000Z. */
  readonly from?: string
  readonly to?: string
}

const CONFIGURATION = `[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`

export class Authority {
  private constructor(readonly folder: string) {}

  /** Its files stand in a folder of its name. */
  static async make(parent: string, name: string): Promise<Authority> {
    const folder = join(parent, name)
    await mkdir(folder)
    const authority = new Authority(folder)
    await writeFile(join(folder, "ca.cnf"), CONFIGURATION)
    await writeFile(join(folder, "index"), "")
    await writeFile(join(folder, "serial"), "01\n")
    makeKey(folder, "ca")
    openssl(
      folder,
      "req",
      "-x509",
      "-new",
      "-key",
      "ca.key",
      "-subj",
      `/CN=${name}`,
      "-days",
      "36500",
      "-out",
      "ca.crt",
    )
    return authority
  }

  /** Its own certificate. */
  get certificate(): string {
    return join(this.folder, "ca.crt")
  }

  async issue(
    name: string,
    { names, use, from = "20200101000000Z", to = "21200101000000Z" }: Request,
  ): Promise<Issued> {
    const { folder } = this
    makeKey(folder, name)
    openssl(folder, "req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`)
    const lines = [...(names ? [`subjectAltName = ${names}`] : []), ...(use ? [`extendedKeyUsage = ${use}`] : [])]
    await writeFile(join(folder, `${name}.ext`), `basicConstraints = CA:FALSE\n${lines.join("\n")}\n`)
    const own = ["-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-extfile", `${name}.ext`]
    const days = ["-startdate", from, "-enddate", to]
    openssl(folder, "ca", "-batch", "-notext", ...own, ...days, "-in", `${name}.csr`, "-out", `${name}.crt`)
    return issued(folder, name)
  }
}

/** A certificate that openssl signed with its own key. */
export function selfSigned(folder: string, name: string, names = `DNS:${name}`): Issued {
  makeKey(folder, name)
  const own = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`, "-days", "36500"]
  openssl(folder, "req", "-x509", "-new", "-key", `${name}.key`, ...own, "-out", `${name}.crt`)
  return issued(folder, name)
}

/** Runs openssl in a folder. Throws what it says when it fails. */
export function openssl(folder: string, ...args: readonly string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder })
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${stderr}`)
  return stdout.toString()
}

/** The SHA-256 of a certificate's public key, with nothing of ours. */
export function fingerprintByOpenssl(folder: string, certificate: string): string {
  const pem = openssl(folder, "x509", "-in", certificate, "-pubkey", "-noout")
  const [, base64 = ""] = /-----BEGIN PUBLIC KEY-----([^-]+)-----/.exec(pem) ?? []
  return `sha256:${new Bun.CryptoHasher("sha256").update(Buffer.from(base64, "base64")).digest("hex")}`
}

function makeKey(folder: string, name: string): void {
  openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`)
}

function issued(folder: string, name: string): Issued {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  Bun.spawnSync(["chmod", "600", key])
  return { certificate, key, fingerprint: fingerprintByOpenssl(folder, certificate) }
}
