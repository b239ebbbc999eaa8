// The frame of every page: its head, its navigation, its foot.
import { type Html, html } from "./html"

/** What a page has in its frame. */
export interface Shown {
  /** Of the window. */
  readonly title: string
  readonly body: Html
}

export interface Frame {
  readonly site: string
  /** It changes when what is shown does. */
  readonly version: string
}

/** Nothing but what comes from here is loaded or run, and nobody puts it into a frame. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ")

export const documentOf = ({ title, body }: Shown, { site, version }: Frame): string =>
  html`<!doctype html>
<html lang="en" data-version="${version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${site}</title>
<link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<script src="/assets/client.js" type="module"></script>
</head>
<body>
<header><a class="home" href="/">${site}</a></header>
<p id="news" role="status"></p>
<main>
${body}
</main>
<footer>Read-only. <a href="/api/status">As JSON</a></footer>
</body>
</html>
`.text
