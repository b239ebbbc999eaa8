// Who may speak for which device: the address is the identity, and it must be the sender's own.
import { quote } from "../../log"
import { parseAddress } from "../../topology/address"
import { type Addressing, boundAddress, declaredAddress, deviceOfSender } from "../../topology/addressing"
import type { Device, Devices } from "../../topology/devices"
import type { Stranger } from "../events"

const LOOPBACK = "127.0.0.1"

export class Senders {
  /** @param onStranger hears of every refusal */
  constructor(
    private readonly declared: { readonly devices: Devices },
    private readonly addressing: Addressing,
    private readonly onStranger: (stranger: Stranger) => void = () => {},
  ) {}

  /**
   * The declared device that this sender speaks for, or why it may not.
   * @param claimed the device's declared address as it stands in the message; without it, the sender's own
   */
  identify(senderAddress: string, claimed?: string): Device | string {
    if (claimed === undefined) {
      const device = deviceOfSender(this.declared, senderAddress, this.addressing)
      return device ?? this.#refuse(senderAddress, senderAddress, `${senderAddress} is not a declared device`)
    }
    const address = parseAddress(claimed)
    if (address === undefined) return `${quote(claimed)} is not an IPv4 address`
    const device = this.declared.devices.get(address)
    const own = boundAddress(address, this.addressing) === parseAddress(senderAddress)
    if (!own && !this.#speaksForAll(senderAddress))
      return this.#refuse(senderAddress, claimed, `${senderAddress} may not speak for ${claimed}`)
    return device ?? this.#refuse(senderAddress, claimed, `${claimed} is not a declared device`)
  }

  /** Whether a declared device sends from there. */
  isDeclared(senderAddress: string): boolean {
    return declaredAddress(this.declared, senderAddress, this.addressing) !== undefined
  }

  /** Whether it may speak for any device: for itself, or for all. */
  maySpeak(senderAddress: string): boolean {
    return this.isDeclared(senderAddress) || this.#speaksForAll(senderAddress)
  }

  #speaksForAll(senderAddress: string): boolean {
    return this.addressing === "simulated" && senderAddress === LOOPBACK
  }

  #refuse(sender: string, address: string, reason: string): string {
    this.onStranger({ sender, address, reason })
    return reason
  }
}
