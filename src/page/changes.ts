// Tells whoever looks at a page that there is something new (server-sent events, HTML §9.2).
import type { Views } from "./views"

const ALIVE_MS = 25_000 // what says nothing for long is cut off by proxies
const MOST = 256 // who look at a time; whoever is one too many sees the news at the next look

let open = 0

/** A stream of "changed" until the signal aborts. */
export function changesOf(views: Views, signal: AbortSignal): Response {
  if (open >= MOST)
    return new Response("Too many look at this page\n", { status: 503, headers: { "Retry-After": "60" } })
  let end = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(Buffer.from(text))
      open++
      const forget = views.follow(() => send(`event: changed\ndata: ${views.version}\n\n`))
      const timer = setInterval(() => send(": alive\n\n"), ALIVE_MS)
      end = () => {
        end = () => {}
        open--
        forget()
        clearInterval(timer)
      }
      signal.addEventListener(
        "abort",
        () => {
          end()
          controller.close()
        },
        { once: true },
      )
      send(`event: version\ndata: ${views.version}\n\n`)
    },
    cancel: () => end(),
  })
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } })
}
