// The way to the server, as libpq's sslmode means it.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server } from "../../../../src/cloud/store/postgres/server"
import { StorageUnavailable } from "../../../../src/storage/errors"
import { makeCertificate } from "../../../alerts/mail-server"
import { missingPostgres, PATIENCE_MS, PostgresServer, postgresUser } from "../../../postgres"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("sslmode", () => {
  const folder = mkdtempSync(join(tmpdir(), "postgres-tls-"))
  let postgres: PostgresServer
  let plain: PostgresServer
  let cert: string
  let other: string
  beforeAll(async () => {
    const strange = mkdtempSync(join(folder, "other-"))
    for (const each of [folder, strange]) await makeCertificate(each)
    ;[cert, other] = [folder, strange].map((each) => join(each, "ca.pem")) as [string, string]
    const key = join(folder, "key.pem")
    if (postgresUser !== undefined) for (const path of [folder, cert, key]) chownSync(path, postgresUser, postgresUser)
    postgres = await PostgresServer.start({
      listen: "127.0.0.1",
      settings: { ssl: "on", ssl_cert_file: cert, ssl_key_file: key },
    })
    plain = await PostgresServer.start({ listen: "127.0.0.1" })
  })
  afterAll(async () => {
    await Promise.all([postgres, plain].map((server) => server[Symbol.asyncDispose]()))
    rmSync(folder, { recursive: true })
  })

  const isEncrypted = async ({ port }: PostgresServer, host: string, parameters: string): Promise<boolean> => {
    const url = `postgres://meter@${host}:${port}/postgres${parameters}`
    const server = new Server({ url, password: undefined, folder: ".", environment: {} })
    try {
      const [row] = await server.run((sql) => sql.unsafe("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
      return row.ssl
    } finally {
      await server.close()
    }
  }

  test("encrypts where the server can, unless told otherwise", async () => {
    expect(await isEncrypted(postgres, "127.0.0.1", "")).toBe(true)
    expect(await isEncrypted(plain, "127.0.0.1", "")).toBe(false)
    expect(await isEncrypted(postgres, "127.0.0.1", "?sslmode=disable")).toBe(false)
  })

  test("require needs it, verify-ca the authority, verify-full the name too", async () => {
    expect(await isEncrypted(postgres, "127.0.0.1", "?sslmode=require")).toBe(true)
    await expect(isEncrypted(plain, "127.0.0.1", "?sslmode=require")).rejects.toBeInstanceOf(StorageUnavailable)
    expect(await isEncrypted(postgres, "127.0.0.1", `?sslmode=verify-ca&sslrootcert=${cert}`)).toBe(true)
    for (const [host, mode, authority] of [
      ["127.0.0.1", "verify-ca", other],
      ["localhost", "verify-full", other],
      ["127.0.0.1", "verify-full", cert],
    ]) {
      const refused = await isEncrypted(postgres, host ?? "", `?sslmode=${mode}&sslrootcert=${authority}`).catch(
        (error) => error,
      )
      expect(refused).toBeInstanceOf(StorageUnavailable)
    }
    expect(await isEncrypted(postgres, "localhost", `?sslmode=verify-full&sslrootcert=${cert}`)).toBe(true)
  })
})
