// A planted fault, to be preloaded: sessions let the server answer before its log is on the disk, and nobody asks it.
import { replaceInSource } from "./source"

replaceInSource(/\/postgres\/server\.ts$/, 'synchronous_commit: "on"', 'synchronous_commit: "off"')
replaceInSource(/\/postgres\/settings\.ts$/, 'if (settings.get(name) !== "off") continue', "continue")
