// The change of the cloud's sources with which a front stands before its resources.
import { fileURLToPath } from "node:url"
import { type Patch, replaceOnce } from "../sources"

const FRONT = fileURLToPath(import.meta.resolve("./front.ts"))

export const FRONT_OF_CLOUD: Patch = {
  file: "cloud/receiver.ts",
  change: (text) => `${replaceOnce(text, "export class Receiver ", "class OwnReceiver ")}
    import { inFront } from ${JSON.stringify(FRONT)}
    export class Receiver extends OwnReceiver {
      override readonly handle = inFront(this.handle)
    }`,
}
