// What a gateway asks of the cloud for its site, as CoAP requests, and what the answers mean.
import { LARGEST_BLOCK_BYTES, sendBlockwise } from "../../coap/block"
import { asksForLater, Code } from "../../coap/code"
import { type Option, OptionNumber, textOption, uintOf, uintOption } from "../../coap/option"
import { ContentFormat, reasonOf } from "../../coap/resource"
import type { Reply } from "../../coap/udp/exchange"
import type { Day } from "../../survey/calendar"
import { deliveryDigest } from "../../survey/digest"
import { formatAddress, formatRange } from "../../topology/address"
import type { Tombstone } from "../spool/notes/tombstones"
import type { Delivery } from "../spool/spool"
import type { CloudConnection } from "./connection"

const OPTIONS_ROOM_BYTES = 256 // what path, query and header of a delivery can take of a message
const SOON_SECONDS = 600 // a disk that is full asks for a minute

const NOTHING = new Uint8Array(0)

const encoder = new TextEncoder()

export class CloudRequests {
  constructor(
    private readonly connection: CloudConnection,
    private readonly site: string,
  ) {}

  /** PUT /sites/<site> */
  describe(site: object): Promise<Reply> {
    return this.#put([], [], ContentFormat.Json, JSON.stringify(site))
  }

  /** DELETE /sites/<site>/surveys/<ips>/<day> */
  drop(tombstone: Tombstone): Promise<Reply> {
    const { day, revision, told } = tombstone
    const path = this.#path("surveys", formatRange(tombstone), day)
    const options = [...path, textOption(OptionNumber.UriQuery, `${told ? "upTo" : "revision"}=${revision}`)]
    return this.connection.request({ code: Code.Delete, options, payload: NOTHING })
  }

  /** PUT /sites/<site>/surveys/<ip>/<day> */
  deliver({ day, address, revision, digest, zone, body }: Delivery): Promise<Reply> {
    const covered = deliveryDigest(digest, { site: this.site, revision, zone })
    const query = [`revision=${revision}`, `zone=${zone}`, `digest=${covered}`]
    return this.#put(["surveys", formatAddress(address), day], query, ContentFormat.Text, body)
  }

  /** PUT /sites/<site>/collections/<day> */
  close(day: Day, account: object): Promise<Reply> {
    return this.#put(["collections", day], [], ContentFormat.Json, JSON.stringify(account))
  }

  #path(...path: readonly string[]): Option[] {
    return ["sites", this.site, ...path].map((segment) => textOption(OptionNumber.UriPath, segment))
  }

  #put(path: readonly string[], query: readonly string[], format: number, body: string): Promise<Reply> {
    const options = [
      ...this.#path(...path),
      uintOption(OptionNumber.ContentFormat, format),
      ...query.map((pair) => textOption(OptionNumber.UriQuery, pair)),
    ]
    const wholeBytes = this.connection.peerMaxMessageSizeBytes - OPTIONS_ROOM_BYTES
    return sendBlockwise(
      (request) => this.connection.request(request),
      { code: Code.Put, options, payload: encoder.encode(body) },
      { wholeBytes, blockBytes: Math.min(LARGEST_BLOCK_BYTES, wholeBytes) },
    )
  }
}

/** Whether it is put off for so long that it must not hold up the others. */
export const asksToWait = ({ code, options }: Reply): boolean =>
  asksForLater(code) && (uintOf(options, OptionNumber.MaxAge) ?? 0) > SOON_SECONDS

export const refusal = (what: string, reply: Reply): Error => new Error(`the cloud refuses ${what}: ${reasonOf(reply)}`)
