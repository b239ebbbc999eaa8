import { expect, test } from "bun:test"
import type { Connection } from "../../src/net/connection"
import { Guests } from "../../src/net/guests"

/** Addresses of 10.9.x.x are of rank 1, of 10.10.x.x of rank 2. */
const rankOf = (address: string) => ["10.9.", "10.10."].findIndex((prefix) => address.startsWith(prefix)) + 1

function house(perPeer: number, overall: number) {
  const guests = new Guests({ perPeer, overall, rankOf })
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

test("Guests has its address give up who has brought nothing, then who brought something longest ago", () => {
  const { guests, gone, come } = house(3, 10)
  const [a, b, c] = ["a", "b", "c"].map((name) => come("10.0.0.1", name).guest)
  for (const guest of [a, c, a]) if (guest) guests.keep(guest)
  for (const name of ["d", "e", "f"]) {
    const { guest, admitted } = come("10.0.0.1", name)
    expect(admitted).toBe(true)
    guests.keep(guest)
  }
  expect(gone).toEqual(["b", "c", "a"])
  for (const guest of [a, b]) if (guest) guests.leave(guest) // they have gone already
  if (b) guests.keep(b)
  expect(guests.size).toBe(3)
})

test("Guests takes in who has none, in the place of who has most, whatever that has brought", () => {
  const { guests, gone, come } = house(64, 1024)
  for (let address = 0; address < 16; address++) {
    for (let n = 0; n < 64; n++) guests.keep(come(`10.9.0.${address}`, `${address} ${n}`).guest)
  }
  for (let n = 0; n < 3; n++) expect(come(`10.9.1.${n}`, `new ${n}`).admitted).toBe(true)
  expect([gone, guests.size]).toEqual([["0 0", "1 0", "2 0"], 1024])
})

test("Guests has the lowest rank give way, whoever has most", () => {
  const { gone, come } = house(64, 4)
  for (const name of ["a", "b", "c"]) come("10.10.0.1", name)
  come("10.0.0.1", "d")
  expect(come("10.9.0.1", "e").admitted).toBe(true)
  expect(gone).toEqual(["d"])
  expect(come("10.10.0.2", "f").admitted).toBe(true)
  expect(gone).toEqual(["d", "e"])
})

test("Guests has no rank give up its only place for a lower one", () => {
  const { guests, gone, come } = house(64, 3)
  for (const name of ["a", "b"]) come("10.10.0.1", name)
  come("10.9.0.1", "c")
  expect(come("10.0.0.1", "d").admitted).toBe(true) // at the cost of who has two
  expect(gone).toEqual(["a"])
  expect(come("10.10.0.2", "e").admitted).toBe(true)
  expect(gone).toEqual(["a", "d"])
  expect(come("10.0.0.1", "f").admitted).toBe(false)
  expect([gone, guests.size]).toEqual([["a", "d"], 3])
})

test("a flood of whatever rank does not keep out who goes before it", () => {
  const { guests, gone, come } = house(64, 100)
  const gateway = come("10.10.0.1", "gateway").guest
  for (let at = 0; at < 10_000; at++) guests.keep(come(`10.9.${at >> 8}.${at & 255}`, `${at}`).guest)
  expect(gone).not.toContain("gateway")
  guests.leave(gateway)
  expect(come("10.10.0.1", "again").admitted).toBe(true)
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

test("Guests counts who has proved who it is by that, not by its address", () => {
  const { guests, gone, come } = house(2, 10)
  const known = ["a", "b"].map((name) => {
    const { guest } = come("10.0.0.1", name) // as all that a balancer hands on
    guests.identify(guest, `key of ${name}`, 2)
    return guest
  })
  for (const name of ["c", "d", "e"]) come("10.0.0.1", name)
  expect([gone, guests.size]).toEqual([["c"], 4])
  for (const guest of known) guests.leave(guest)
  expect(guests.size).toBe(2)
})

test("Guests gives an identity its share, however many addresses it comes from", () => {
  const { guests, gone, come } = house(2, 10)
  for (const name of ["a", "b", "c"]) guests.identify(come(`10.0.1.${name.charCodeAt(0)}`, name).guest, "one key", 2)
  expect([gone, guests.size]).toEqual([["a"], 2])
})

test("Guests keeps who has proved who it is before a crowd that has not", () => {
  const { guests, gone, come } = house(2, 3)
  guests.identify(come("10.0.0.1", "gateway").guest, "its key", 2)
  for (let n = 0; n < 20; n++) come(`10.0.0.${n}`, `${n}`)
  expect(gone).not.toContain("gateway")
  expect(guests.size).toBe(3)
})
