import { expect, test } from "bun:test"
import { decodeReply, encodeCommand } from "./resp"

test("encodeCommand() counts bytes, not characters, and takes bytes as they are", () => {
  const command = encodeCommand(["XADD", "surveys", "*", "°C", Uint8Array.of(0x0d, 0x0a, 0xff)])
  const text = "*5\r\n$4\r\nXADD\r\n$7\r\nsurveys\r\n$1\r\n*\r\n$3\r\n°C\r\n$3\r\n"
  expect(command.toHex()).toBe(`${Buffer.from(text).toHex()}0d0aff0d0a`)
})

test.each([
  ["+PONG\r\n", { isError: false, text: "PONG" }],
  [":20000\r\n", { isError: false, text: "20000" }],
  ["-OOM command not allowed\r\n", { isError: true, text: "OOM command not allowed" }],
  ["$15\r\n1526919030474-5\r\n", { isError: false, text: "1526919030474-5" }],
  ["$0\r\n\r\n", { isError: false, text: "" }],
])("decodeReply() of %j, whole and cut anywhere", (received, reply) => {
  expect(decodeReply(received)).toEqual(reply)
  for (let end = 0; end < received.length; end++) expect(decodeReply(received.slice(0, end))).toBeUndefined()
})

test.each(["$-1\r\n", "*1\r\n", "HTTP/1.1 400\r\n"])("decodeReply() refuses %j", (received) => {
  expect(() => decodeReply(received)).toThrow("Redis said")
})
