import { expect, test } from "bun:test"
import type { Connection } from "../../src/net/connection"
import { Guests } from "../../src/net/guests"

function house(perPeer: number, overall: number) {
  const guests = new Guests({ perPeer, overall })
  const gone: string[] = []
  const connection = (remoteAddress: string, endpoint: string): Connection => ({
    remoteAddress,
    endpoint,
    queuedBytes: 0,
    write() {},
    close() {},
    destroy: () => void gone.push(endpoint),
    pause() {},
    resume() {},
  })
  const come = (address: string, endpoint: string) => {
    const guest = connection(address, endpoint)
    return { guest, admitted: guests.admit(guest) }
  }
  return { guests, gone, come }
}

test("Guests gives the oldest place of an address to its own newcomer, and none of another's", () => {
  const { guests, gone, come } = house(2, 10)
  for (const name of ["a", "b", "c"]) expect(come("10.0.0.1", name).admitted).toBe(true)
  expect(come("10.0.0.2", "d").admitted).toBe(true)
  expect([gone, guests.size]).toEqual([["a"], 3])
})

test("Guests gives the oldest place of all to a newcomer when it is full", () => {
  const { guests, gone, come } = house(2, 3)
  for (const [at, name] of ["a", "b", "c", "d", "e"].entries()) come(`10.0.0.${at}`, name)
  expect([gone, guests.size]).toEqual([["a", "b"], 3])
})

test("Guests takes nobody's place that has brought something, and turns a newcomer away where all have", () => {
  const { guests, gone, come } = house(2, 3)
  const [a, b, c] = [come("10.0.0.1", "a"), come("10.0.0.1", "b"), come("10.0.0.2", "c")]
  guests.keep(a.guest)
  expect(come("10.0.0.1", "d").admitted).toBe(true)
  expect(gone).toEqual(["b"])
  guests.keep(c.guest)
  expect(come("10.0.0.3", "e").admitted).toBe(true)
  expect(gone).toEqual(["b", "d"])
  guests.leave(b.guest) // it has gone already
  expect(guests.size).toBe(3)
  guests.keep(come("10.0.0.4", "f").guest)
  expect(come("10.0.0.5", "g").admitted).toBe(false)
  guests.leave(a.guest)
  expect(come("10.0.0.5", "h").admitted).toBe(true)
  expect(gone).toEqual(["b", "d", "e"])
})

test("Guests turns away an address whose share has all brought something", () => {
  const { guests, come } = house(1, 3)
  guests.keep(come("10.0.0.1", "a").guest)
  expect([come("10.0.0.1", "b").admitted, come("10.0.0.2", "c").admitted, guests.size]).toEqual([false, true, 2])
})

test("a flood of connections that bring nothing does not keep out who brings something at once", () => {
  const { guests, gone, come } = house(64, 100)
  for (let at = 0; at < 10_000; at++) {
    come(`10.1.${at >> 8}.${at & 255}`, `${at}`)
    if (at % 100 !== 0) continue
    const honest = come("10.0.0.1", `honest ${at}`)
    guests.keep(honest.guest)
    expect(honest.admitted).toBe(true)
    guests.leave(honest.guest)
  }
  expect([guests.size, gone.filter((name) => name.startsWith("honest"))]).toEqual([100, []])
})
