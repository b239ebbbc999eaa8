// Honest devices that speak OSCORE, in networks whose keys are made by `keyDevices()`.
import { randomBytes } from "node:crypto"
import { type Content, findOption, OptionNumber } from "../../src/coap/option"
import { type Exchange, OscoreClient } from "../../src/coap/oscore/client"
import { GATEWAY_ID, idOf } from "../../src/coap/oscore/identity"
import { deviceKeyOf } from "../../src/keys/device"
import { parseAddress } from "../../src/topology/address"
import { SITE_SECRET } from "../bench/keys"

/** A device of such a network. @param ip the declared address */
export function protecting(exchange: Exchange, ip: string): OscoreClient {
  const address = parseAddress(ip) ?? 0
  const masterSecret = deviceKeyOf(SITE_SECRET, address, 1)
  return new OscoreClient({ exchange, masterSecret, senderId: idOf(address), recipientId: GATEWAY_ID, randomBytes })
}

export const hasOscore = ({ options }: Pick<Content, "options">): boolean =>
  findOption(options, OptionNumber.Oscore) !== undefined
