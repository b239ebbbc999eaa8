// Preloaded into a gateway: it keeps every transfer that somebody begins.
import { Transfers } from "../../../../src/coap/transfers"

const NEVER = Number.POSITIVE_INFINITY
const { append } = Transfers.prototype

Transfers.prototype.append = function (this: Transfers, ...block: Parameters<typeof append>) {
  Object.assign(this, { limits: { perAddress: NEVER, transfers: NEVER, totalBytes: NEVER } })
  return append.apply(this, block)
}
