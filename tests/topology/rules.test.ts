import { expect, test } from "bun:test"
import { CRON_RULE } from "../../src/topology/cron"
import { changed, problemsOf, SAMPLE, warningsOf } from "./sample"

type Change = readonly (readonly [from: string, to: string])[]

const FIRST = "192.168.1.2,"
const SECOND = "192.168.1.3,"
const DEVICE_SIDE = "192.168.1.1/24"
const CRON = '"0 6 * * *"'

const REFUSED: readonly (readonly [name: string, change: Change, problems: readonly string[]])[] = [
  [
    "a device that is declared twice",
    [[SECOND, FIRST]],
    ["13:11 devices[1].ip: 192.168.1.2 is declared already on line 12"],
  ],
  [
    "a device in a fleet before it",
    [[FIRST, "192.168.1.2-192.168.1.9,"]],
    ["13:11 devices[1].ip: 192.168.1.3 overlaps 192.168.1.2-192.168.1.9 on line 12"],
  ],
  [
    "a fleet over a device before it",
    [[SECOND, "192.168.1.2-192.168.1.9,"]],
    ["13:11 devices[1].ip: 192.168.1.2-192.168.1.9 overlaps 192.168.1.2 on line 12"],
  ],
  [
    "an address outside the interface's network",
    [[SECOND, "192.168.2.7,"]],
    ["13:11 devices[1].ip: 192.168.2.7 is not in 192.168.1.0/24, the network of gateway.interfaces.devices"],
  ],
  [
    "a fleet that reaches outside the network",
    [[SECOND, "192.168.1.3-192.168.2.3,"]],
    [
      "13:11 devices[1].ip: 192.168.1.3-192.168.2.3 is not in 192.168.1.0/24, the network of gateway.interfaces.devices",
    ],
  ],
  [
    "a device on the gateway's address",
    [[FIRST, "192.168.1.1,"]],
    ["12:11 devices[0].ip: 192.168.1.1 is the gateway's own address, at gateway.interfaces.devices"],
  ],
  [
    "a fleet over the gateway's address",
    [[FIRST, "192.168.1.1-192.168.1.2,"]],
    [
      "12:11 devices[0].ip: 192.168.1.1-192.168.1.2 holds 192.168.1.1, the gateway's own address, at gateway.interfaces.devices",
    ],
  ],
  [
    "the network address",
    [[FIRST, "192.168.1.0,"]],
    ["12:11 devices[0].ip: 192.168.1.0 is the network's own address of 192.168.1.0/24"],
  ],
  [
    "the broadcast address",
    [[SECOND, "192.168.1.3-192.168.1.255,"]],
    ["13:11 devices[1].ip: 192.168.1.255 in 192.168.1.3-192.168.1.255 is the broadcast address of 192.168.1.0/24"],
  ],
  [
    "a gateway on a network address",
    [[DEVICE_SIDE, "192.168.1.0/24"]],
    ["7:25 gateway.interfaces.devices.address: 192.168.1.0 is the network's own address of 192.168.1.0/24"],
  ],
  [
    "a cloud on a broadcast address",
    [["10.10.10.2", "10.10.10.255"]],
    ["10:12 cloud.address: 10.10.10.255 is the broadcast address of 10.10.10.0/24"],
  ],
  [
    "an unknown time zone",
    [["Europe/Rome", "Europe/Rme"]],
    ['2:11 timeZone: must be a time zone such as Europe/Rome: it is "Europe/Rme", did you mean Europe/Rome?'],
  ],
  [
    "an offset for a time zone",
    [["Europe/Rome", '"+01:00"']],
    ['2:11 timeZone: must be a time zone such as Europe/Rome: it is "+01:00"'],
  ],
  [
    "a cron expression that is too short",
    [[CRON, "0 6 * *"]],
    [`4:9 schedule.cron: must be ${CRON_RULE}: it is "0 6 * *"`],
  ],
  [
    "a cron field out of range",
    [[CRON, "61 6 * * *"]],
    ['4:9 schedule.cron: the minute must be 0 to 59, or *: it is 61 in "61 6 * * *"'],
  ],
  [
    "a cron expression that never fires",
    [[CRON, "0 6 30 2 *"]],
    ['4:9 schedule.cron: never comes, as no month that it names has such a day: it is "0 6 30 2 *"'],
  ],
  ...["0 6,18 * * *", "*/30 6 * * *", "0 * * * *", "* 0 6 * * *", "0 0-1 1 1 *", "@hourly"].map(
    (cron) =>
      [
        `a cron expression that fires more than once a day, ${cron}`,
        [[CRON, `"${cron}"`]],
        [`4:9 schedule.cron: must fire at most once a day, as "0 6 * * *" does: it is "${cron}"`],
      ] as const,
  ),
  [
    "two UDP addresses that are simulated as one",
    [
      [DEVICE_SIDE, "192.168.1.1/4"],
      [SECOND, "193.168.1.2,"],
    ],
    [
      "13:11 devices[1].ip: 193.168.1.2 and 192.168.1.2 on line 12 would both be simulated as 127.168.1.2, which keeps the last three numbers only",
    ],
  ],
  [
    "a device that is simulated as the gateway",
    [
      [DEVICE_SIDE, "192.168.1.1/4"],
      [SECOND, "193.168.1.1,"],
    ],
    [
      "13:11 devices[1].ip: 193.168.1.1 and 192.168.1.1 of gateway.interfaces.devices.address would both be simulated as 127.168.1.1, which keeps the last three numbers only",
    ],
  ],
  [
    "a fleet that is simulated over itself",
    [
      [DEVICE_SIDE, "192.168.1.1/4"],
      [SECOND, "193.0.0.5-194.0.0.6,"],
    ],
    [
      "13:11 devices[1].ip: 193.0.0.5-194.0.0.6 and addresses of it would both be simulated as 127.0.0.5-127.0.0.6, which keeps the last three numbers only",
    ],
  ],
  [
    "two TCP addresses that are simulated as one",
    [["10.10.10.2", "11.10.10.1"]],
    [
      "10:12 cloud.address: 11.10.10.1 and 10.10.10.1 of gateway.interfaces.cloud.address would both be simulated as 127.10.10.1, which keeps the last three numbers only",
    ],
  ],
  [
    "another site's bare name",
    [["  address: 10.10.10.2", "  address: 10.10.10.2\n  sites: [greenhouse, farm-b]"]],
    [
      "11:23 cloud.sites[1]: farm-b is another site: say from where it may deliver, as { site: farm-b, from: 203.0.113.0/24 }",
    ],
  ],
  [
    "the bare names of all other sites",
    [
      [
        "  address: 10.10.10.2",
        "  address: 10.10.10.2\n  sites:\n    - orchard\n    - { site: barn, from: 10.0.0.0/8 }\n    - farm-b",
      ],
    ],
    [
      "12:7 cloud.sites[0]: orchard is another site: say from where it may deliver, as { site: orchard, from: 203.0.113.0/24 }",
      "14:7 cloud.sites[2]: farm-b is another site: say from where it may deliver, as { site: farm-b, from: 203.0.113.0/24 }",
    ],
  ],
  [
    "a spool and a store in one file",
    [["  address: 10.10.10.2", "  address: 10.10.10.2\n  store: ./data/gateway.db"]],
    ['11:10 cloud.store: must not be the file of gateway.spool: both are "./data/gateway.db"'],
  ],
]

test.each(REFUSED)("refusals() refuses %s", (_, change, problems) => {
  expect(problemsOf(changed(...change))).toEqual([...problems])
})

test("refusals() says nothing of the sample", () => {
  expect(problemsOf(SAMPLE)).toEqual([])
  expect(warningsOf(SAMPLE)).toEqual([])
})

test.each([
  "0 6 * * 1",
  "0 6 29 2 *",
  "30 0 6 * * *",
  "@daily",
  "59 23 1-30 * *",
])("refusals() accepts the cron expression %s", (cron) => {
  expect(problemsOf(changed([CRON, `"${cron}"`]))).toEqual([])
})

test("refusals() knows that a network of two has no addresses to spare (RFC 3021)", () => {
  const text = changed(
    [DEVICE_SIDE, "192.168.1.2/31"],
    [FIRST, "192.168.1.3,"],
    ["  - { ip: 192.168.1.3, survey: two.txt }\n", ""],
  )
  expect(problemsOf(text)).toEqual([])
})

test("refusals() accepts the own site by its name, and others with where they deliver from", () => {
  for (const sites of [
    "[greenhouse]",
    "[{ site: greenhouse, from: 10.10.10.0/24 }]",
    "[greenhouse, { site: farm-b, from: 203.0.113.0/24 }, { site: barn, from: 203.0.113.9/32 }]",
  ]) {
    const text = changed(["  address: 10.10.10.2", `  address: 10.10.10.2\n  sites: ${sites}`])
    expect([problemsOf(text), warningsOf(text)]).toEqual([[], []])
  }
})

test("refusals() accepts a gateway and a cloud on one address", () => {
  expect(problemsOf(changed(["10.10.10.2", "10.10.10.1"]))).toEqual([])
})

const WARNED: readonly [name: string, change: Change, warnings: readonly string[]][] = [
  [
    "a peer that may have more than all",
    [["site", "limits: { perPeer: { transfers: 20 }, overall: { transfers: 10 } }\nsite"]],
    ["1:33 limits.perPeer.transfers: is more than limits.overall.transfers, which is 10: one peer may take everything"],
  ],
  [
    "two devices with one survey file",
    [["two.txt", "one.txt"]],
    ["13:32 devices[1].survey: one.txt is also the survey of the device on line 12"],
  ],
  [
    "two devices with one survey file, one of them named by {ip}",
    [
      ["one.txt", '"{ip}.txt"'],
      ["two.txt", "192.168.1.2.txt"],
    ],
    ["13:32 devices[1].survey: 192.168.1.2.txt is also the survey of the device on line 12"],
  ],
  [
    "a fleet with one survey file",
    [[SECOND, "192.168.1.3-192.168.1.5,"]],
    [
      "13:44 devices[1].survey: all devices of 192.168.1.3-192.168.1.5 share two.txt: {ip} in it would give each its own",
    ],
  ],
  [
    "a cloud outside the second network",
    [["10.10.10.2", "10.10.11.2"]],
    ["10:12 cloud.address: 10.10.11.2 is not in 10.10.10.0/24, the network of gateway.interfaces.cloud"],
  ],
  [
    "two interfaces on one network",
    [
      ["10.10.10.1/24", "192.168.1.200/16"],
      ["10.10.10.2", "192.168.7.7"],
    ],
    ["8:23 gateway.interfaces.cloud.address: 192.168.0.0/16 and 192.168.1.0/24 of the other interface are one network"],
  ],
  [
    "a cloud that refuses its own gateway",
    [["  address: 10.10.10.2", "  address: 10.10.10.2\n  sites: [{ site: orchard, from: 10.10.10.9/32 }]"]],
    ["11:10 cloud.sites: greenhouse is not among them: this cloud will refuse its own gateway"],
  ],
  [
    "a spread that outlasts the grace",
    [['"0 6 * * *"', '"0 6 * * *"\n  spread: 15m']],
    ["5:11 schedule.spread: is not shorter than schedule.grace: whoever sends behind that is late"],
  ],
]

test.each(WARNED)("warnings() warns of %s", (_, change, warnings) => {
  expect(warningsOf(changed(...change))).toEqual([...warnings])
})

test("warnings() says nothing of a script that several devices share, nor of fleets with {ip}, nor of a cloud by name", () => {
  expect(warningsOf(changed(["one.txt", "tank.ts"], ["two.txt", "tank.ts"]))).toEqual([])
  expect(warningsOf(changed([SECOND, "192.168.1.3-192.168.1.5,"], ["two.txt", "'{day}/{ip}.txt'"]))).toEqual([])
  expect(warningsOf(changed(["10.10.10.2", "cloud.example"]))).toEqual([])
})
