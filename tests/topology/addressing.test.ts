import { expect, test } from "bun:test"
import { parseRange } from "../../src/topology/address"
import { bindAddress, bindsWholeLoopback, deviceOfSender } from "../../src/topology/addressing"
import { Devices } from "../../src/topology/devices"

const devices = new Devices(
  ["10.0.0.2-10.0.0.9", "192.168.1.2"].map((ip) => ({
    ip: parseRange(ip) ?? { first: 0, last: 0 },
    paused: false,
    line: 1,
  })),
)

test("bindAddress() is a.b.c.d as 127.b.c.d when simulated", () => {
  expect(bindAddress("192.168.1.2", "simulated", "linux")).toBe("127.168.1.2")
  expect(bindAddress("10.255.255.254", "simulated", "win32")).toBe("127.255.255.254")
})

test("bindAddress() is 127.0.0.1 for a host name, and for all where only that can be bound", () => {
  expect(bindAddress("cloud.example", "simulated", "linux")).toBe("127.0.0.1")
  expect(bindAddress("192.168.1.2", "simulated", "darwin")).toBe("127.0.0.1")
  expect(bindsWholeLoopback("darwin")).toBe(false)
})

test("bindAddress() is what is declared when it is not simulated", () => {
  expect(bindAddress("192.168.1.2", "declared", "darwin")).toBe("192.168.1.2")
  expect(bindAddress("cloud.example", "declared")).toBe("cloud.example")
})

test("deviceOfSender() finds the device of a simulated address, whatever its first number", () => {
  expect(deviceOfSender({ devices }, "127.0.0.3", "simulated")?.ip).toBe("10.0.0.3")
  expect(deviceOfSender({ devices }, "127.168.1.2", "simulated")?.ip).toBe("192.168.1.2")
  for (const sender of ["127.0.0.10", "127.0.0.1", "10.0.0.3", "::1", ""]) {
    expect(deviceOfSender({ devices }, sender, "simulated")).toBeUndefined()
  }
})

test("deviceOfSender() takes a declared address as it is", () => {
  expect(deviceOfSender({ devices }, "10.0.0.3", "declared")?.ip).toBe("10.0.0.3")
  expect(deviceOfSender({ devices }, "127.0.0.3", "declared")).toBeUndefined()
})
