// What a process of courses does not leave to the machine.
import { saveTime, takeDatabases } from "../network/stage"

/** Once in a process, before the first course. */
export function setStage(): void {
  takeDatabases()
  saveTime()
}
