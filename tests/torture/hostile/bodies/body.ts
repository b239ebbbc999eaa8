// Bodies that are large and nothing else: as a survey, as a site's description and as a collection.
import { Code } from "../../../../src/coap/code"
import { ContentFormat } from "../../../../src/coap/resource"
import { dayBefore } from "../../../../src/survey/calendar"
import { parseAddress } from "../../../../src/topology/address"
import { declared, honestAddress, SITE, TIME_ZONE } from "../place"

export interface Body {
  readonly name: string
  readonly path: readonly string[]
  readonly format: number
  readonly bytes: Uint8Array
  /** What the cloud answers to whoever may send it. */
  readonly refusal: number
}

const SIZE_BYTES = 16 * 1024 * 1024 // the largest that the cloud takes in blocks

/** A survey without a sound line, lists within lists, and a list of objects without end. */
export function bodies(): Body[] {
  const day = dayBefore(Date.now(), TIME_ZONE)
  const ip = declared(parseAddress(honestAddress(0)) ?? 0)
  const lists = Buffer.alloc(SIZE_BYTES, "[")
  const objects = Buffer.alloc(SIZE_BYTES, "{},")
  objects.write("[{")
  objects.write("},", 2)
  const json = { format: ContentFormat.Json, refusal: Code.BadRequest }
  const text = { format: ContentFormat.Text, refusal: Code.RequestEntityTooLarge }
  const site = { path: ["sites", SITE], ...json }
  const collection = { path: [...site.path, "collections", day], ...json }
  const survey = { path: [...site.path, "surveys", ip, day], ...text }
  return [
    { name: "a survey of x", ...survey, bytes: Buffer.alloc(SIZE_BYTES, "x\n") },
    { name: "a description of lists", ...site, bytes: lists },
    { name: "a description of objects", ...site, bytes: objects },
    { name: "a collection of lists", ...collection, bytes: lists },
    { name: "a collection of objects", ...collection, bytes: objects },
  ]
}
