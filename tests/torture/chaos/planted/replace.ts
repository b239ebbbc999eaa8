// A planted fault, to be preloaded: what came last takes the place of what is stored.
import { patchSources, replaceOnce } from "../../sources"

const MERGED = "mergeVersions(versionsOf(row), incoming,"

patchSources([
  { file: "cloud/store/survey-row.ts", change: (text) => replaceOnce(text, MERGED, "mergeVersions([], incoming,") },
])
