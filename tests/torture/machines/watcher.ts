// Looks at the store while a course lasts: what was in it stays there, and a tick is true.
import { readCloudStatus } from "../../../src/cloud/status"
import { placeOf } from "../../../src/cloud/store/open"
import { readGatewayStatus } from "../../../src/gateway/report/status"
import type { Summary } from "../../../src/network"
import type { Day } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import type { Installation } from "./installation"
import type { Reading } from "./reading"
import { readSpool } from "./spool"
import { type Dropped, readStore, type StoreContents, type StoredValue } from "./store"

export class Watcher {
  /** What the last look has seen, of each site: values that count or gave way, and times that have one. */
  #seen: { readonly values: Set<string>; readonly times: Set<string> } | undefined
  /** Tombstones that are known already. */
  readonly #tombstones = new Map<string, Dropped>()
  ticks = 0

  constructor(private readonly installation: Installation) {}

  /** The course has put another store in its place. */
  forget(): void {
    this.#seen = undefined
  }

  look(): StoreContents {
    const { files, oracle, world } = this.installation
    const store = readStore(files.store)
    const values = new Set<string>()
    const times = new Set<string>()
    for (const { site, reading, ip, day, time } of store.shown) {
      values.add(`${site} ${reading}`)
      times.add(`${site} ${ip} ${day} ${time}`)
    }
    for (const { site, reading } of store.superseded) values.add(`${site} ${reading}`)
    const mayGo = (key: string) => {
      const [, ip = "", day = ""] = key.split(" ")
      return oracle.wasTouched(ip, day as Day)
    }
    for (const [before, now] of [
      [this.#seen?.values, values],
      [this.#seen?.times, times],
    ] as const) {
      for (const key of before ?? []) if (!now.has(key) && !mayGo(key)) world.fail(`left the store: ${key}`)
    }
    this.#seen = { values, times }
    return store
  }

  /** A tombstone of the spool, which may be known. */
  noteDrop(dropped: Dropped): void {
    const { day, first, last, revision } = dropped
    const key = `${day} ${first} ${last}`
    if (revision <= (this.#tombstones.get(key)?.revision ?? -1)) return
    this.#tombstones.set(key, dropped)
    this.installation.oracle.drop(dropped)
  }

  /** Whatever says that a day is complete is taken at its word. */
  async summed({ day, complete, delivered }: Summary): Promise<void> {
    const { world, gateway, files, names } = this.installation
    if (complete) this.#checkTick(day, "the summary")
    const { run } = readGatewayStatus(this.installation.topology("gateway"), gateway.now)
    if (run?.complete) this.#checkTick(run.day, "status")
    const place = placeOf(this.installation.topology("cloud"))
    const sites = files.store.read(() => true) ? (await readCloudStatus(place)).sites : []
    const site = sites.find((each) => each.site === names.gateway)
    // of another day the devices may have been others, and in an account of this one that was given before
    if (delivered && site?.run?.complete && site.run.day === day) this.#checkDevices(day, "the cloud's status")
    if (run?.day === day && run.complete !== complete) {
      world.fail(`of ${day} the summary says ${complete ? "complete" : "incomplete"}, and status the contrary`)
    }
  }

  /** What this gateway has of the day, and each expected device, is in the store. */
  #checkTick(day: Day, who: string): void {
    const { oracle, world, files } = this.installation
    const store = this.#checkDevices(day, who)
    // what another spool has, which is laid aside, this gateway cannot know
    const kept = readSpool(files.spool).surveys.filter((survey) => survey.day === day)
    const held = new Set<Reading>([...store.shown, ...store.superseded].map(({ reading }) => reading))
    for (const reading of kept.flatMap(({ readings }) => readings)) {
      if (!oracle.owing.has(reading) || held.has(reading)) continue
      world.fail(`a tick is wrong: ${who} says that ${day} is complete, without ${reading}`)
    }
  }

  /** Of each device that is declared and not dropped there is something. */
  #checkDevices(day: Day, who: string): StoreContents {
    const { world, names, options, gone } = this.installation
    this.ticks++
    const store = this.look()
    const isOfDay = (value: StoredValue) => value.day === day && value.site === names.gateway
    const present = new Set(store.shown.filter(isOfDay).map(({ ip }) => ip))
    for (const { ip } of options.devices) {
      if (gone.gateway.has(ip) || present.has(ip) || this.#isDropped(ip, day)) continue
      world.fail(`a tick is wrong: ${who} says that ${day} is complete, without ${ip}`)
    }
    return store
  }

  #isDropped(ip: string, day: Day): boolean {
    const address = parseAddress(ip) ?? 0
    return [...this.#tombstones.values()].some((each) => {
      return each.day === day && each.first <= address && address <= each.last
    })
  }
}
