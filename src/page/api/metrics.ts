// `/metrics`: what Prometheus asks for, in its text format 0.0.4.
import { version } from "../../../package.json" with { type: "json" }
import type { SiteStatus } from "../../cloud/status"
import type { GatewayStatus } from "../../gateway/report/status"
import { printable } from "../../printable"
import type { StatusDocument } from "../../status/document"
import { StorageError } from "../../storage/errors"
import type { Day } from "../../survey/calendar"
import { WORST_FIRST } from "../../topology/alerts/rules"
import type { Topology } from "../../topology/topology"
import { isComplete } from "../../verdict"
import type { StatusView, Views } from "../views"

const PREFIX = "smart_meter_"
const MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

interface Metric {
  /** Without the prefix. */
  readonly name: string
  readonly help: string
  /** Without any it is left out. */
  readonly samples: readonly Sample[]
}

/** How a site's last run went. */
interface RunOfSite {
  readonly site: string
  readonly timeZone: string
  readonly lastCompleteDay: Day | null
  readonly run: {
    readonly day: Day
    readonly expected: number
    readonly arrived: number
    readonly late: number
    readonly missing: number
    readonly stale: number
    readonly refused: number
    readonly complete: boolean
  }
}

/** 503 where what is stored cannot be read. */
export async function metricsOf(views: Views): Promise<Response> {
  try {
    const metrics = [...gaugesOf(await views.status()), ...countersOf((await views.counts()) ?? {})]
    return new Response(metrics.map(textOf).join(""), { headers: { "Content-Type": MEDIA_TYPE } })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return new Response(`${printable(error.message)}\n`, { status: 503 })
  }
}

function gaugesOf({ topology, status }: StatusView): Metric[] {
  const { site } = topology
  const runs = status ? runsOf(status, topology) : []
  const ofRun = (name: string, help: string, value: (run: RunOfSite["run"], of: RunOfSite) => number): Metric => ({
    name,
    help,
    samples: runs.map((each) => ({ labels: { site: each.site }, value: value(each.run, each) })),
  })
  const own = (value: number | undefined) => (value === undefined ? [] : [{ labels: { site }, value }])
  const { gateway, cloud } = status ?? {}
  return [
    { name: "build_info", help: "The version that runs.", samples: [{ labels: { version }, value: 1 }] },
    {
      name: "complete",
      help: "1: the last run was complete and none is overdue, as the exit code of status says.",
      samples: [{ value: status?.complete ? 1 : 0 }],
    },
    ofRun("run_day_timestamp_seconds", "When the day began that was collected last.", ({ day }, { timeZone }) =>
      beginOf(day, timeZone),
    ),
    ofRun("run_complete", "1: the run of that day was complete.", ({ complete }) => (complete ? 1 : 0)),
    ofRun(
      "last_complete_day_timestamp_seconds",
      "When the last day began whose run was complete; 0: none of those that are known.",
      (_run, { lastCompleteDay, timeZone }) => (lastCompleteDay ? beginOf(lastCompleteDay, timeZone) : 0),
    ),
    ofRun("devices_expected", "Devices whose surveys the last run expected.", ({ expected }) => expected),
    ofRun("devices_arrived", "Devices whose surveys of that day came, late ones among them.", ({ arrived }) => arrived),
    ofRun("devices_late", "Devices whose surveys came after the grace.", ({ late }) => late),
    ofRun("devices_missing", "Expected devices of which nothing came.", ({ missing }) => missing),
    ofRun("devices_stale", "Missing devices whose file is older than the day.", ({ stale }) => stale),
    ofRun("surveys_refused", "Surveys of that day that the cloud refuses.", ({ refused }) => refused),
    { name: "surveys_owed", help: "Surveys that can still come.", samples: own(gateway?.owed.surveys) },
    {
      name: "surveys_undelivered",
      help: "Surveys that are in the spool and go to the cloud still.",
      samples: own(gateway?.undelivered.surveys),
    },
    {
      name: "quarantine_entries",
      help: "What was refused or superseded and is kept.",
      samples: Object.entries(gateway?.quarantine ?? {}).map(([kind, value]) => ({ labels: { site, kind }, value })),
    },
    { name: "spool_bytes", help: "What the spool takes on its disk.", samples: own(gateway?.spool.bytes) },
    { name: "spool_free_bytes", help: "By how much the spool may grow.", samples: own(gateway?.spool.freeBytes) },
    {
      name: "rules_held",
      help: "Devices, or the site itself, of which a rule of alerts.rules holds.",
      samples: (cloud?.sites ?? []).flatMap(({ site, rules }) =>
        WORST_FIRST.map((rule) => ({ labels: { site, rule }, value: rules.counts[rule] ?? 0 })),
      ),
    },
    {
      name: "store_bytes",
      help: "What the store takes on its disk, all sites together.",
      samples: cloud ? [{ value: cloud.store.bytes }] : [],
    },
    {
      name: "readings_stored",
      help: "Readings in the store; of a very large one estimated.",
      samples: (cloud?.sites ?? []).map(({ site, readings }) => ({ labels: { site }, value: readings })),
    },
  ]
}

/** Since the start of the process; of a host without a gateway there are none. */
function countersOf({ lastRunMs, ...counts }: Readonly<Record<string, number>>): Metric[] {
  const counter = (name: string, help: string, value: number | undefined): Metric => ({
    name: `${name}_total`,
    help,
    samples: value === undefined ? [] : [{ value }],
  })
  const { uploads, changed } = counts
  return [
    counter("uploads", "Uploads that were acknowledged.", uploads),
    counter(
      "uploads_unchanged",
      "Uploads that brought nothing new: known already, or of refused lines only.",
      uploads === undefined || changed === undefined ? undefined : uploads - changed,
    ),
    counter("uploads_postponed", "Uploads that the disk refused for now.", counts.uploadsPostponed),
    counter("lines_refused", "Lines of surveys that were refused.", counts.refusedLines),
    counter("messages_refused", "Messages that were refused.", counts.refusedMessages),
    counter("surveys_delivered", "Surveys that the cloud acknowledged.", counts.surveysDelivered),
    counter("readings_delivered", "Readings that the cloud acknowledged.", counts.readingsDelivered),
    counter("delivery_failures", "Tries to deliver that failed and are repeated.", counts.deliveryFailures),
    counter("runs_complete", "Runs that were complete.", counts.runsComplete),
    counter("runs_incomplete", "Runs that were not, or failed.", counts.runsIncomplete),
    {
      name: "run_duration_seconds",
      help: "How long the last run took.",
      samples: lastRunMs === undefined ? [] : [{ value: lastRunMs / 1000 }],
    },
  ]
}

/** The gateway's word of its own site includes the cloud's. */
function runsOf({ gateway, cloud }: StatusDocument, { site, timeZone }: Topology): RunOfSite[] {
  const sites = cloud?.sites ?? []
  const own = gateway
    ? ownRun(
        gateway,
        site,
        timeZone,
        sites.find((each) => each.site === site),
      )
    : []
  const others = sites.filter((each) => !gateway || each.site !== site)
  return [...own, ...others.flatMap(runAtCloud)]
}

function ownRun({ run, days }: GatewayStatus, site: string, timeZone: string, atCloud?: SiteStatus): RunOfSite[] {
  if (!run) return []
  const complete = days.filter(
    ({ closed, confirmed, waiting, expected, missing, refused }) =>
      expected > 0 && isComplete({ agreed: closed && confirmed && waiting === 0, missing, refused }),
  )
  return [{ site, timeZone, lastCompleteDay: complete.at(-1)?.day ?? atCloud?.lastCompleteDay ?? null, run }]
}

/** Who arrived and is refused counts as arrived, as at the gateway. */
function runAtCloud({ site, timeZone, lastCompleteDay, run }: SiteStatus): RunOfSite[] {
  if (!run) return []
  const arrived = run.arrived + run.refused
  return [{ site, timeZone, lastCompleteDay, run: { ...run, arrived, expected: arrived + run.missing } }]
}

/** Seconds since the epoch. */
const beginOf = (day: Day, timeZone: string): number =>
  Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds / 1000

function textOf({ name, help, samples }: Metric): string {
  if (samples.length === 0) return ""
  const type = name.endsWith("_total") ? "counter" : "gauge"
  const lines = samples.map(({ labels, value }) => `${PREFIX}${name}${labelsOf(labels)} ${value}\n`)
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${lines.join("")}`
}

export function labelsOf(labels: Sample["labels"]): string {
  if (!labels) return ""
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",")}}`
}

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
