// Clouds that answer badly for a while: what they say must not be believed, or only when they insist.
import { Code, formatCode } from "../../../src/coap/code"
import { type Chance, HOUR_MS } from "../network/chance"
import { CLOUD, UPLINK } from "./declaration"
import type { Installation } from "./installation"

const NO_ACKNOWLEDGEMENT = [Code.Continue, Code.Continue, Code.Content, Code.InternalServerError] as const
const REFUSALS = [
  Code.NotFound,
  Code.BadRequest,
  Code.BadOption,
  Code.Forbidden,
  Code.RequestEntityTooLarge,
  Code.UnsupportedContentFormat,
] as const

/** A front answers in the cloud's place, or nobody who would talk. */
export function misbehave(installation: Installation, chance: Chance): void {
  const { front } = installation
  const { ips } = installation
  const only = chance.is(0.5) ? chance.pick(...(ips as [string])) : undefined
  const kind = chance.pick("no acknowledgement", "no acknowledgement", "refusal", "refusal", "closes")
  if (kind === "closes") return closeAtOnce(installation, chance.between(0.2, 1.5) * HOUR_MS)
  const isRefusal = kind === "refusal"
  const code = isRefusal ? chance.pick(...REFUSALS) : chance.pick(...NO_ACKNOWLEDGEMENT)
  const isEverything = !isRefusal && chance.is(0.7)
  const answers: typeof front.answers = ({ address }, [, , what, ip]) => {
    if (address !== UPLINK) return undefined // strangers are the cloud's own to refuse
    if (isEverything) return code
    return what === "surveys" && (only === undefined || ip === only) ? code : undefined
  }
  front.answers = answers
  installation.tell(`the front answers ${formatCode(code)} to ${isEverything ? "everything" : (only ?? "surveys")}`)
  const lastsMs = isRefusal ? chance.between(2, 100) * HOUR_MS : chance.between(0.2, 2) * HOUR_MS
  installation.at(installation.now + lastsMs, () => {
    if (front.answers !== answers) return
    front.answers = () => undefined
    installation.tell("the front is gone")
  })
}

/** In the cloud's place listens somebody who closes every connection. */
function closeAtOnce(installation: Installation, offMs: number): void {
  const { cloud, wan, powers } = installation
  const nobody = installation.person("nobody")
  const off = () => {
    wan.listen(nobody, {
      ...CLOUD,
      onProblem() {},
      onConnection: (connection) => {
        connection.destroy()
        return { data() {}, close() {} }
      },
    })
  }
  powers.whileOff(cloud, { off, work: () => nobody.kill(false), offMs })
}
