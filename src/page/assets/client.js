// What a page does by itself: it shows what is new when a collection closes, and says so.

const shown = () => document.documentElement.dataset.version

/** Puts what the server says now in the place of what is shown. */
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } })
  if (!answer.ok) return
  const next = new DOMParser().parseFromString(await answer.text(), "text/html")
  const focused = document.activeElement?.id
  document.querySelector("main").replaceWith(document.adoptNode(next.querySelector("main")))
  document.documentElement.dataset.version = next.documentElement.dataset.version
  document.title = next.title
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true })
  document.dispatchEvent(new Event("renewed"))
  document.querySelector("#news").textContent = `Updated at ${new Date().toLocaleTimeString()}`
}

const news = new EventSource("/changes")
for (const kind of ["version", "changed"]) {
  news.addEventListener(kind, ({ data }) => {
    if (data !== shown()) renew().catch(() => {}) // where the way is cut, its end brings the news again
  })
}
