// The files that pages load, compressed once, known again by their content.
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" }
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" }
import { acceptsGzip } from "./api/encoding"
import client from "./assets/client.js" with { type: "text" }
import icon from "./assets/icon.svg" with { type: "text" }
import plot from "./assets/plot.js" with { type: "text" }
import style from "./assets/style.css" with { type: "text" }

const JAVASCRIPT = "text/javascript; charset=utf-8"
const CSS = "text/css; charset=utf-8"

interface Asset {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly compressed: Uint8Array<ArrayBuffer>
  readonly tag: string
}

const SOURCES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "style.css": [CSS, uplotStyle + style],
  "client.js": [JAVASCRIPT, client],
  "icon.svg": ["image/svg+xml", icon],
  "plot.js": [JAVASCRIPT, uplot + plot], // a module, so that nothing of it is anybody else's
}

// the same for every page, made when it is first asked for
const made = new Map<string, Asset>()

/** Undefined where there is none of this name. */
export function assetOf(name: string, request: Request): Response | undefined {
  const source = Object.hasOwn(SOURCES, name) && SOURCES[name]
  if (!source) return undefined
  const asset = made.get(name) ?? make(...source)
  made.set(name, asset)
  const headers = { ETag: asset.tag, "Content-Type": asset.type, "Cache-Control": "no-cache", Vary: "Accept-Encoding" }
  if (request.headers.get("if-none-match") === asset.tag) return new Response(null, { status: 304, headers })
  if (!acceptsGzip(request)) return new Response(asset.bytes, { headers })
  return new Response(asset.compressed, { headers: { ...headers, "Content-Encoding": "gzip" } })
}

/** A text that was made for this request. */
export function compressed(request: Request, text: string, headers: Record<string, string>, status = 200): Response {
  if (!acceptsGzip(request)) return new Response(text, { status, headers: { ...headers, Vary: "Accept-Encoding" } })
  const encoded = { ...headers, Vary: "Accept-Encoding", "Content-Encoding": "gzip" }
  return new Response(Bun.gzipSync(text), { status, headers: encoded })
}

function make(type: string, text: string): Asset {
  const bytes = new TextEncoder().encode(text)
  const tag = `"${new Bun.CryptoHasher("sha256").update(bytes).digest("hex").slice(0, 16)}"`
  return { type, bytes, compressed: Bun.gzipSync(bytes), tag }
}
