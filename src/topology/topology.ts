// topology.yaml: the one source of its types, defaults, descriptions and JSON Schema (`bun run schema` writes that).
import * as v from "valibot"
import type { Network } from "./address"
import { alerts } from "./alerts/alerts"
import { secret } from "./alerts/secret"
import { CRON_RULE } from "./cron"
import { type Devices, deviceEntry } from "./devices"
import {
  choice,
  duration,
  flag,
  host,
  network,
  none,
  path,
  plainText,
  refused,
  section,
  size,
  text,
  wholeNumber,
} from "./fields"
import { formats } from "./formats/schema"
import { cloudTls, gatewayTls, pageTls, security, siteFingerprint } from "./security/schema"
import type { Problem } from "./yaml/problem"

const SITE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const SITE_RULE = "up to 64 letters, digits, - _ . with a letter or digit first"

/** What a time zone is, in a message. */
export const ZONE_RULE = "a time zone such as Europe/Rome"

export const isSiteName = (text: string): boolean => SITE_PATTERN.test(text)

const port = (description: string) => wholeNumber(0, 65535, `${description} 0: any that is free.`)

const gateway = section("The gateway, which collects surveys over UDP and forwards them over TCP.", {
  interfaces: section("The gateway's two interfaces.", {
    devices: section("Where devices send to, over UDP.", {
      address: network("192.168.1.1/24", "The gateway's address on the devices' network, with the prefix."),
      port: v.optional(port("The UDP port."), 10005),
    }),
    cloud: section("Where the gateway forwards from, over TCP.", {
      address: network("10.10.10.1/24", "The gateway's address on the cloud's network, with the prefix."),
    }),
  }),
  spool: v.optional(path("The file that holds surveys until they are delivered and beyond."), "data/gateway.db"),
  retention: v.optional(
    duration("1d", "36500d", "How long delivered surveys and the ledger's days are kept, as 90d."),
    "90d",
  ),
  tls: v.optional(gatewayTls),
})

const siteName = v.pipe(text(SITE_PATTERN, SITE_RULE, "A site's name."), v.examples(["farm-b"]))

/** `fingerprint`: under TLS, of its gateway's key; without one its certificate has the site's name. */
export interface ServedSite {
  readonly site: string
  readonly from?: Network | undefined
  readonly fingerprint?: readonly string[] | undefined
}

const servedSite = v.pipe(
  v.union([
    siteName,
    section("A site that may deliver here.", {
      site: siteName,
      from: v.optional(
        network("203.0.113.0/24", "The address that its gateway comes from, with its network's prefix."),
      ),
      fingerprint: siteFingerprint,
    }),
  ]),
  v.description("A site that may deliver here: the one above by its name, another one with how its gateway is known."),
  v.transform((served): ServedSite => (typeof served === "string" ? { site: served } : served)),
)

const cloud = section("The cloud, which stores and lists the readings.", {
  address: host("The cloud's IPv4 address or host name."),
  port: v.optional(port("The TCP port."), 8001),
  store: v.optional(
    path("The file that holds the readings, or a PostgreSQL server's as postgres://meter@db.example/meter."),
    "data/cloud.db",
  ),
  password: v.optional(
    secret("keys/store", "The server's password: $NAME of the environment, or { file: keys/store } with mode 0600."),
  ),
  console: v.optional(
    choice(["readings", "summary", "off"], "What is listed: readings, a line each; summary, a line a device; off."),
    "readings",
  ),
  sites: v.optional(
    v.pipe(
      v.array(servedSite, refused("a list of sites, or the path of a file that holds them")),
      v.minLength(1, "must name at least one site, or be left out"),
      v.description("The sites that may deliver here, by default the one above; of another one, how it is known."),
      // what stands in it has taken the place of its name before this is looked at
      v.metadata({
        orFile: "The file that holds the sites, one a line: its name, then address, network or fingerprint.",
      }),
    ),
  ),
  tls: v.optional(cloudTls),
})

const schedule = section("When devices send, and how long the gateway waits.", {
  cron: v.pipe(
    plainText(
      CRON_RULE,
      "When every device sends the day before, at most once a day. 0 6 * * * is every day at 06:00.",
    ),
    v.examples(["0 6 * * *"]),
  ),
  grace: v.optional(duration("1ms", "23h", "How long the gateway waits for whoever is missing, as 15m."), "15m"),
  spread: v.optional(duration("0s", "12h", "Over how long the devices' uploads are spread, as 10m."), "0s"),
})

const transmission = section("How patient a confirmable message is (RFC 7252 §4.8).", {
  ackTimeout: v.optional(duration("1ms", "60s", "How long to wait for an answer before sending again, as 2s."), "2s"),
  maxRetransmit: v.optional(wholeNumber(0, 10, "How often a message is sent again."), 4),
})

const MOST = 1_000_000 // of whatever is counted: more than that is no bound

const bound = (byDefault: number, description: string) => v.optional(wholeNumber(1, MOST, description), byDefault)

const perPeer = section("What one address may have. Who asks for more waits, or is refused; the others are not.", {
  datagramsPerSecond: bound(2000, "UDP datagrams that the gateway looks at in a second; more are dropped."),
  transfers: bound(16, "Uploads in blocks that are not finished; the oldest gives way."),
  messages: bound(1024, "Messages of one TCP connection worked on at once; more wait."),
  connections: bound(64, "TCP connections to the cloud."),
})

const overall = section("What all addresses together may have.", {
  datagramsPerSecond: bound(
    200_000,
    "UDP datagrams that the gateway looks at in a second: of devices, and of everybody else.",
  ),
  transfers: bound(4096, "Uploads in blocks that are not finished; those that do not go on give way."),
  messages: bound(16_384, "Messages that wait for the disk; more are asked to come again."),
  connections: bound(1024, "TCP connections to the cloud; those that brought nothing yet give way."),
})

const limits = section("Bounds on what is accepted.", {
  survey: v.optional(size("1KiB", "16MiB", "The largest survey, as 1MiB."), "1MiB"),
  spool: v.optional(
    size(
      "1MiB",
      "1024TiB",
      "The most that the spool holds, as 2GiB: the oldest delivered days make room, then uploads have to wait. Without it the disk decides.",
    ),
  ),
  quarantine: bound(10_000, "How many refused lines, messages and superseded readings are kept: the newest."),
  perPeer: v.optional(perPeer, {}),
  overall: v.optional(overall, {}),
})

export const pageSection = section("A page that shows how the network does, and its readings; it only reads.", {
  address: v.optional(
    host("The address that it listens on. Beyond this machine it needs a password, or a proxy that has one."),
    "127.0.0.1",
  ),
  port: v.optional(port("The TCP port."), 8080),
  tls: v.optional(pageTls),
  password: v.optional(path("The file with its password, which nobody but its owner may read.")),
  proxied: flag("true: a reverse proxy is in front of it, and asks for a password."),
})

const page = v.pipe(
  v.union([none("false, or a section such as { address: 127.0.0.1, port: 8080 }"), pageSection]),
  v.description(
    "The page that shows how the network does; false: none. The gateway's host serves it where it is declared.",
  ),
)

/** What a person may write, and what it becomes. */
export const topologySchema = v.pipe(
  section("A telemetry network: devices, a gateway and a cloud.", {
    sample: flag("true: the survey files are samples that never change, and none is too old."),
    site: v.optional(
      text(SITE_PATTERN, SITE_RULE, "The site's name, part of every stored reading: choose it once."),
      "site",
    ),
    timeZone: v.optional(
      plainText(ZONE_RULE, "The zone of days and times, as Europe/Rome; by default the machine's own."),
      () => Temporal.Now.timeZoneId(),
    ),
    bufferSize: v.optional(
      wholeNumber(1152, 65507, "The largest message that either leg sends or accepts at once, in bytes."),
      4096,
    ),
    schedule,
    transmission: v.optional(transmission, {}),
    limits: v.optional(limits, {}),
    alerts: v.optional(alerts, {}),
    security,
    page: v.optional(page),
    gateway,
    cloud,
    formats: v.optional(formats, {}),
    devices: v.pipe(
      v.array(deviceEntry),
      v.minLength(1, "must hold at least one device, such as { ip: 192.168.1.2 }"),
      v.description("The devices, in any order."),
    ),
  }),
  v.transform(({ cloud, ...rest }) => ({ ...rest, cloud: { ...cloud, sites: cloud.sites ?? [{ site: rest.site }] } })),
)

export type Declared = v.InferOutput<typeof topologySchema>

/** A topology.yaml that was read and found sound. `spool` and `store` are absolute; surveys are relative to `folder`. */
export interface Topology extends Omit<Declared, "devices"> {
  devices: Devices
  /** The path of topology.yaml, as it was given. */
  file: string
  /** The absolute folder that relative paths start from. */
  folder: string
  /** The absolute path of the file that `cloud.sites` names; without one the sites stand in topology.yaml. */
  sitesFile?: string | undefined
  /** What is sound but worth a second look. */
  warnings: Problem[]
}
