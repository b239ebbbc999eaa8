// The short forms of all suites, in groups whose suites run side by side: those that wait give way to those that compute.
import { expect, test } from "bun:test"
import { missingPostgres } from "../postgres"
import { calendar } from "./calendar/suite"
import { chaos } from "./chaos/suite"
import { crashPostgres } from "./crash/postgres/suite"
import { crash, missingToCrash } from "./crash/suite"
import { disk } from "./disk/suite"
import { missingStrace } from "./disk/syscalls"
import { fuzz } from "./fuzz/suite"
import { hostile } from "./hostile/suite"
import { machines, machinesPostgres } from "./machines/suite"
import { network, networkPostgres } from "./network/suite"
import { canRecord } from "./power/recording"
import { power } from "./power/suite"
import type { TortureSuite } from "./suite"

const SEED = 4712
const WITHIN_MS = 300_000
const isLinux = process.platform === "linux" // any address of 127.0.0.0/8 as a source, and /proc

const GROUPS = [
  [
    { suite: crash, can: missingToCrash() === undefined, faults: 4 },
    { suite: disk, can: missingStrace() === undefined, faults: 1 },
    { suite: hostile, can: isLinux, faults: 3 },
  ],
  [{ suite: power, can: canRecord(), faults: 1 }],
  [{ suite: crashPostgres, can: crashPostgres.missing?.() === undefined, faults: 1 }],
  [{ suite: chaos, can: chaos.missing?.() === undefined, faults: 3 }],
  [
    { suite: network, can: true, faults: 4 },
    { suite: machines, can: true, faults: 5 },
    { suite: calendar, can: true, faults: 1 },
    { suite: fuzz, can: true, faults: isLinux ? 11 : 9 },
    { suite: networkPostgres, can: missingPostgres === undefined, faults: 1 },
    { suite: machinesPostgres, can: missingPostgres === undefined, faults: 3 },
  ],
]

const NAME = "nothing fails, and every planted fault is caught"

for (const group of GROUPS) {
  // one that is alone separates those before it from those behind it
  const run = group.length > 1 ? test.concurrent : test
  for (const { suite, can, faults } of group) {
    run.skipIf(!can)(`${suite.name}: ${NAME}`, () => passes(suite, faults), WITHIN_MS)
  }
}

async function passes(suite: TortureSuite, faults: number): Promise<void> {
  const { failures, planted } = await suite.run({ scale: suite.short, seed: SEED, say() {} })
  expect(failures).toEqual([])
  expect(planted.filter(({ caught }) => !caught)).toEqual([])
  expect(planted).toHaveLength(faults)
}
