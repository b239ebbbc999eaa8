// What stands in front of the cloud's resources: it answers badly in their place for a while, and notes every refusal.
import { Code, codeClass } from "../../../src/coap/code"
import type { Handler, Request } from "../../../src/coap/resource"
import { readTarget, say } from "../../../src/coap/resource"

/** What is answered in the cloud's place; undefined: let the cloud answer. */
export type Answers = (request: Request, path: readonly string[]) => number | undefined

export class Front {
  answers: Answers = () => undefined
  /** On which runs a device's day was refused, by "192.168.1.2 2026-11-21". */
  readonly refusals = new Map<string, Set<number>>()

  /** @param run the last one that the gateway's ledger knows, which a refusal counts for */
  constructor(private readonly run: () => number) {}

  handle(request: Request, cloud: Handler): ReturnType<Handler> {
    const target = readTarget(request)
    const path = "path" in target ? target.path : []
    const code = this.answers(request, path)
    const answer = code === undefined ? cloud(request) : say(code, "So the front says")
    const [, , kind, ip = "", day = ""] = path
    if (kind !== "surveys" || request.code !== Code.Put) return answer
    return Promise.resolve(answer).then((response) => {
      if (codeClass(response.code) === 4) this.#note(`${ip} ${day}`)
      return response
    })
  }

  #note(survey: string): void {
    const runs = this.refusals.get(survey) ?? new Set()
    runs.add(this.run())
    this.refusals.set(survey, runs)
  }
}

let standing: Front | undefined

/** From now on this one stands there. */
export function place(front: Front | undefined): void {
  standing = front
}

/** Called by the cloud's receiver as it is loaded here. */
export const inFront =
  (cloud: Handler): Handler =>
  (request) =>
    standing ? standing.handle(request, cloud) : cloud(request)
