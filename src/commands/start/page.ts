// The page beside a network that runs: who serves it, and what it shows of.
import { filesOfStore } from "../../cloud/store/open"
import { errorText } from "../../format"
import type { Event, Network, Roles, Topology } from "../../network"
import type { Page } from "../../page/page"
import type { Screen } from "../screen"

/** What a page shows of. */
export const isNews = ({ kind }: Event): boolean =>
  ["run-finished", "collection-closed", "delivered-between-runs", "rules-changed"].includes(kind)

/** Where the cloud is, or anything that the topology wants one for. One that cannot be served ends nothing. */
export async function startPage(
  topology: Topology,
  { cloud, gateway }: Roles,
  network: Network,
  screen: Screen,
): Promise<Page | undefined> {
  if (topology.page === false || !(cloud || (gateway && topology.page))) return undefined
  const { Page } = await import("../../page/page")
  try {
    const written = [...(gateway ? [topology.gateway.spool] : []), ...(cloud ? filesOfStore(topology.cloud) : [])]
    const page = await Page.start({ topology, written, counts: () => network.counts, log: screen })
    screen.plain(`Page  ${page.url}`)
    return page
  } catch (error) {
    screen.warn(`There is no page: ${errorText(error)}`)
    return undefined
  }
}
