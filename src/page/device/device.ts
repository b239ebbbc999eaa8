// `/devices/<name or address>` and the series of its plot.
import { isStoreThere, placeOf, type StorePlace } from "../../cloud/store/open"
import { StoreReader } from "../../cloud/store/reader"
import { StorageError } from "../../storage/errors"
import type { Shown } from "../markup/layout"
import type { Views } from "../views"
import { type DeviceFound, findDevice } from "./find"
import { historyOf, lastDays, NO_HISTORY } from "./history"
import { type Series, seriesOf } from "./series"
import { deviceView, isSpan, noneView, SPANS, severalView } from "./view"
import { watchedDevice } from "./watched"

export type DeviceAnswer =
  | { readonly kind: "page"; readonly status: number; readonly shown: Shown }
  | { readonly kind: "series"; readonly series: Series }

const SERIES = /\/series\.json$/ // a slash within a name is escaped
const USUAL_SPAN = 14 // days

export async function answerDevice(url: URL, views: Views): Promise<DeviceAnswer> {
  try {
    return await answerOf(url, views)
  } catch (error) {
    if (error instanceof StorageError) return none(error.message, 503)
    throw error
  }
}

async function answerOf({ pathname, searchParams }: URL, views: Views): Promise<DeviceAnswer> {
  const { topology } = views
  const place = placeOf(topology)
  const text = decode(pathname.slice("/devices/".length).replace(SERIES, ""))
  if (text === undefined) return none("This is no device's name: a % in it is written %25", 400)
  const span = Number(searchParams.get("days") ?? USUAL_SPAN)
  if (!isSpan(span)) return none(`days is one of ${SPANS.join(", ")}`, 400)

  await using reader = isStoreThere(place) ? await StoreReader.open(place) : undefined
  const found = await findDevice(text, searchParams.get("site") ?? topology.site, topology, reader)
  if (found.kind === "none") return none(found.reason, 404)
  if (found.kind === "several") return { kind: "page", status: 200, shown: severalView(text, found, topology.site) }

  const watched = await watchedDevice(found, topology, reader && place)
  const history = reader && (await histories(views, found, span, place))
  if (SERIES.test(pathname)) {
    return history
      ? { kind: "series", series: seriesOf(history, watched.thresholds) }
      : none("Nothing is stored here", 404)
  }
  return {
    kind: "page",
    status: 200,
    shown: deviceView({ device: found, span, history, watched, ownSite: topology.site }),
  }
}

/** Its reader is its own: whoever asked first may have gone before it is done. */
function histories(views: Views, { site, address }: DeviceFound, span: number, place: StorePlace) {
  return views.histories.get(JSON.stringify([site, address, span]), async () => {
    await using reader = await StoreReader.open(place)
    const days = await lastDays(reader, site, address, span)
    return days ? await historyOf(reader, { site, address, ...days }) : NO_HISTORY
  })
}

const HEADINGS = { 400: "Not understood", 404: "Not found", 503: "Not readable" }

const none = (reason: string, status: keyof typeof HEADINGS): DeviceAnswer => ({
  kind: "page",
  status,
  shown: noneView(HEADINGS[status], reason),
})

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
