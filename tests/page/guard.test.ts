import { expect, test } from "bun:test"
import { refuse } from "../../src/page/guard"

const OPEN = { hosts: undefined, password: undefined }
const LOCAL = { hosts: ["127.0.0.1", "localhost"], password: undefined }
const SECRET = { hosts: undefined, password: "pass: wörd" }

function ask(options: typeof OPEN | typeof LOCAL | typeof SECRET, headers: Record<string, string>, method = "GET") {
  return refuse(new Request("http://127.0.0.1:8080/", { method, headers }), options)
}

const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString("base64")}` })

test.each(["GET", "HEAD"])("refuse() lets %s through", (method) => {
  expect(ask(OPEN, {}, method)).toBeUndefined()
})

test.each([
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
])("refuse() answers %s with 405 and what is allowed", (method) => {
  const response = ask(OPEN, {}, method)
  expect([response?.status, response?.headers.get("allow")]).toEqual([405, "GET, HEAD"])
})

test.each([
  ["127.0.0.1:8080", undefined],
  ["localhost", undefined],
  ["LOCALHOST:8080", undefined],
  ["evil.example:8080", 421],
  ["127.0.0.1.evil.example", 421],
  ["", 421],
])("refuse() of the host %j is %p", (host, status) => {
  expect(ask(LOCAL, { host })?.status).toBe(status)
})

test.each([
  [basic("anybody:pass: wörd"), undefined],
  [basic(":pass: wörd"), undefined],
  [{ authorization: basic("me:pass: wörd").authorization.replace("Basic", "basic") }, undefined],
  [basic("me:pass"), 401],
  [basic("pass: wörd:"), 401],
  [{ authorization: "Basic" }, 401],
  [{ authorization: "Bearer pass: w" }, 401],
  [{}, 401],
])("refuse() of the credentials %j is %p", (headers, status) => {
  const response = ask(SECRET, headers)
  expect(response?.status).toBe(status)
  if (status) expect(response?.headers.get("www-authenticate")).toStartWith("Basic realm=")
})
