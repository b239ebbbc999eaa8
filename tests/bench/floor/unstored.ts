// A server of CoAP over TCP that answers every request with success and stores nothing; prints its port.
import { systemClock } from "../../../src/clock"
import { Code } from "../../../src/coap/code"
import { Session } from "../../../src/coap/tcp/session"
import { listenTcp } from "../../../src/net/tcp"

const MAX_MESSAGE_SIZE_BYTES = 4096

const listener = listenTcp({
  address: "127.0.0.1",
  port: 0,
  onConnection(connection) {
    const session = new Session({
      send: (bytes) => connection.write(bytes),
      close: () => connection.close(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      clock: systemClock,
      random: Math.random,
      maxMessageSizeBytes: MAX_MESSAGE_SIZE_BYTES,
      address: connection.remoteAddress,
      endpoint: connection.endpoint,
      handler: () => ({ code: Code.Changed }),
    })
    return { data: (chunk) => session.receive(chunk), close: (error) => session.closed(error?.message) }
  },
})
process.stdout.write(`${listener.port}\n`)
