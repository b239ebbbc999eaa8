// SIGHUP where no terminal is attached that could hang up: topology.yaml has changed. Without a listener it ends a process, so
// it is listened for before anything else is loaded, and kept until somebody can look.
import { isatty } from "node:tty"

const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor))
let isKept = false
let listener = (): void => {
  isKept = true
}

if (process.argv[2] === "start" && !hasTerminal) process.on("SIGHUP", () => listener())

/** Hears of each from now on, and of one that has come. */
export function listenForHangUp(onHangUp: () => void): void {
  listener = onHangUp
  if (isKept) onHangUp()
}
