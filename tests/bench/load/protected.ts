// Devices with keys, as a load: each derives its context with the gateway (RFC 8613 Appendix B.2), and seals its upload.
import { OptionNumber } from "../../../src/coap/option"
import { bytes, concat, readBytes } from "../../../src/coap/oscore/cbor"
import { type Context, deriveContext } from "../../../src/coap/oscore/context"
import { GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { objectOf, protectRequest } from "../../../src/coap/oscore/message"
import type { Outgoing } from "../../../src/coap/udp/exchange"
import { deviceKeyOf } from "../../../src/keys/device"

interface Device {
  context: Context
  next: number
}

const randomBytes = (): Uint8Array => crypto.getRandomValues(new Uint8Array(8))

export class ProtectedDevices {
  readonly #devices = new Map<number, Device>()

  constructor(private readonly siteSecret: Uint8Array) {}

  /** The first message of a device's conversation: it is answered with a challenge. */
  first(device: number, request: Outgoing): Outgoing {
    return this.#seal(device, this.#contextOf(device, randomBytes()), 0, request)
  }

  /** A message of a context that the gateway has, or is about to have. */
  next(device: number, request: Outgoing): Outgoing {
    const known = this.#devices.get(device)
    if (!known) throw new Error("its first message comes first")
    return this.#seal(device, known.context, known.next, request)
  }

  /** The answer to the first message. */
  readonly hearChallenge = (device: number, answer: Outgoing): void => {
    const random = this.#kidContextOf(answer)
    const idContext = this.#devices.get(device)?.context.idContext
    if (!random || !idContext) throw new Error("a device was not challenged")
    const context = this.#contextOf(device, concat(random, randomBytes()))
    this.#devices.set(device, { context, next: 0 })
  }

  #kidContextOf(answer: Outgoing): Uint8Array | undefined {
    const object = answer.options.some(({ number }) => number === OptionNumber.Oscore) ? objectOf(answer) : undefined
    return object && object !== "none" && object.kidContext ? readBytes(object.kidContext) : undefined
  }

  #seal(device: number, context: Context, number: number, request: Outgoing): Outgoing {
    const kidContext = context.idContext && bytes(context.idContext)
    const { message } = protectRequest(context, number, request, kidContext)
    this.#devices.set(device, { context, next: number + 1 })
    return message
  }

  #contextOf(device: number, idContext: Uint8Array): Context {
    const masterSecret = deviceKeyOf(this.siteSecret, device, 1)
    return deriveContext({ masterSecret, idContext, senderId: idOf(device), recipientId: GATEWAY_ID })
  }
}
