// What the suites' networks with keys have in common: the site's secret, and honest devices that speak OSCORE.
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { type Content, findOption, OptionNumber } from "../../src/coap/option"
import { type Exchange, OscoreClient } from "../../src/coap/oscore/client"
import { GATEWAY_ID, idOf } from "../../src/coap/oscore/identity"
import { deviceKeyOf, formatSecret } from "../../src/keys/device"
import { writeSecret } from "../../src/keys/files"
import { parseAddress } from "../../src/topology/address"

const SITE_SECRET = new Uint8Array(32).fill(0x5e)

/** Gives keys to devices. @param ranges as `keys/devices` names them */
export function keyDevices(folder: string, ranges: readonly string[]): void {
  writeSecret(join(folder, "keys/site.secret"), formatSecret(SITE_SECRET))
  writeSecret(join(folder, "keys/devices"), ranges.map((range) => `${range} 1\n`).join(""))
}

/** A device of such a network. @param ip the declared address */
export function protecting(exchange: Exchange, ip: string): OscoreClient {
  const address = parseAddress(ip) ?? 0
  const masterSecret = deviceKeyOf(SITE_SECRET, address, 1)
  return new OscoreClient({ exchange, masterSecret, senderId: idOf(address), recipientId: GATEWAY_ID, randomBytes })
}

export const hasOscore = ({ options }: Pick<Content, "options">): boolean =>
  findOption(options, OptionNumber.Oscore) !== undefined
