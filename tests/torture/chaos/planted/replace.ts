// A planted fault, to be preloaded: what came last takes the place of what is stored.
import { replaceInSource } from "./source"

replaceInSource(/\/store\/survey-row\.ts$/, "mergeVersions(versionsOf(row), incoming,", "mergeVersions([], incoming,")
