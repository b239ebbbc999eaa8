// Who may speak for which device. Of a device that has a key, whoever has the key; otherwise the address is the identity, and it
// must be the sender's own.
import { INVOCATION } from "../../installation"
import { quote } from "../../log"
import { parseAddress } from "../../topology/address"
import { type Addressing, boundAddress, declaredAddress, deviceOfSender } from "../../topology/addressing"
import type { Device, Devices } from "../../topology/devices"
import type { Stranger } from "../events"

const LOOPBACK = "127.0.0.1"

/** Of which devices nothing is taken without their key. */
export interface KeyPolicy {
  /** Undefined: it has none. */
  epochOf(address: number): number | undefined
  /** Nothing is taken of a device that has none. */
  readonly areRequired?: boolean
}

export interface SendersOptions {
  /** Hears of every refusal. */
  readonly onStranger?: (stranger: Stranger) => void
  /** Without it no device has a key. */
  readonly keys?: KeyPolicy | undefined
}

/** Whoever sent a message. */
export interface Sender {
  readonly address: string
  /** Whose key the message was protected with. */
  readonly protectedBy?: number | undefined
}

/** `keyless`: it would be this device, and its key is missing; `stranger`: it is not. */
export type Identified =
  | { readonly kind: "device"; readonly device: Device }
  | { readonly kind: "keyless"; readonly reason: string }
  | { readonly kind: "stranger"; readonly reason: string }

export class Senders {
  constructor(
    private readonly declared: { readonly devices: Devices },
    private readonly addressing: Addressing,
    private readonly options: SendersOptions = {},
  ) {}

  /**
   * The declared device that this sender speaks for, or why it may not.
   * @param claimed the device's declared address as it stands in the message; without it, the sender's own
   */
  identify(sender: Sender, claimed?: string): Identified {
    const { address: from, protectedBy } = sender
    if (claimed !== undefined && parseAddress(claimed) === undefined)
      return { kind: "stranger", reason: `${quote(claimed)} is not an IPv4 address` }
    const device = this.#deviceOf(sender, claimed)
    const name = claimed ?? from
    if (device === "not its own") return this.#refuse("stranger", from, name, `${from} may not speak for ${name}`)
    if (!device) return this.#refuse("stranger", from, name, `${name} is not a declared device`)
    if (protectedBy !== device.address) {
      const reason = this.#whyKeyless(device)
      if (reason !== undefined) return this.#refuse("keyless", from, device.ip, reason)
    }
    return { kind: "device", device }
  }

  /** Who has the key is the device, wherever it sends from. */
  #deviceOf({ address: from, protectedBy }: Sender, claimed: string | undefined): Device | "not its own" | undefined {
    const { devices } = this.declared
    if (protectedBy !== undefined) {
      const isOwn = claimed === undefined || parseAddress(claimed) === protectedBy
      return isOwn ? devices.get(protectedBy) : "not its own"
    }
    if (claimed === undefined) return deviceOfSender(this.declared, from, this.addressing)
    const address = parseAddress(claimed) ?? 0
    const isOwn = boundAddress(address, this.addressing) === parseAddress(from)
    return isOwn || this.#speaksForAll(from) ? devices.get(address) : "not its own"
  }

  #whyKeyless({ address, ip }: Device): string | undefined {
    const { keys } = this.options
    if (!keys) return undefined
    if (keys.epochOf(address) !== undefined)
      return `${ip} has a key, and without it nothing is taken: ${INVOCATION} pair ${ip} shows it`
    return keys.areRequired
      ? `${ip} has no key, and without one nothing is taken here: ${INVOCATION} pair ${ip}`
      : undefined
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

  #refuse(kind: "keyless" | "stranger", sender: string, address: string, reason: string): Identified {
    this.options.onStranger?.({ sender, address, reason })
    return { kind, reason }
  }
}
