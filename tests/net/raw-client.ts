// A client of Bun's own, with nothing of ours in between: what it is told, once the connection has ended.
import type { TCPSocketConnectOptions, TLSOptions } from "bun"

export interface RawClient {
  readonly hostname: string
  readonly port: number
  /** Where it speaks from, when that is not for the system to choose. */
  readonly localAddress?: string
  /** What it shows; without it, it speaks in plain. */
  readonly tls?: TLSOptions | undefined
}

/** Says this as soon as it may; everybody is let through. */
export async function sayRaw({ tls, ...to }: RawClient, said: string | Uint8Array): Promise<string> {
  let told = ""
  const closed = Promise.withResolvers<void>()
  const options: TCPSocketConnectOptions<undefined> = {
    ...to,
    ...(tls && { tls: { rejectUnauthorized: false, ...tls } }),
    socket: {
      open: (socket) => void (tls ? undefined : socket.write(said)),
      handshake: (socket) => void socket.write(said),
      data: (_, chunk) => void (told += chunk.toString("latin1")),
      close: () => closed.resolve(),
      error: () => {},
    },
  }
  const socket = await Bun.connect(options)
  await closed.promise
  socket.end()
  return told
}
