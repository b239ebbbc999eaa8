// A planted fault, to be preloaded: sessions let the server answer before its log is on the disk, and nobody asks it.
import { patchSources, replaceOnce } from "../../sources"

patchSources([
  {
    file: "cloud/store/postgres/server.ts",
    change: (text) => replaceOnce(text, 'synchronous_commit: "on"', 'synchronous_commit: "off"'),
  },
  {
    file: "cloud/store/postgres/settings.ts",
    change: (text) => replaceOnce(text, 'if (settings.get(name) !== "off") continue', "continue"),
  },
])
