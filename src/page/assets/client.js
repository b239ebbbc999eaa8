// What a page does by itself: it shows what is new when a collection closes and once a minute, and says when it cannot.
const EVERY_MS = 60_000 // a run becomes overdue without any news
const AGAIN_AFTER_MS = 3000 // as browsers wait themselves

const root = document.documentElement
let shown = document.querySelector("main").innerHTML // as the server sent it
let heardAt = new Date()

const say = (text) => {
  document.querySelector("#news").textContent = text
}

/** Puts what the server says now in the place of what is shown. */
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } })
  if (!answer.ok) throw new Error(`The server answers ${answer.status}`)
  const next = new DOMParser().parseFromString(await answer.text(), "text/html")
  const main = next.querySelector("main")
  const wasLost = root.hasAttribute("data-lost")
  root.dataset.version = next.documentElement.dataset.version
  root.removeAttribute("data-lost")
  heardAt = new Date()
  if (wasLost) say("")
  if (main.innerHTML === shown) return
  shown = main.innerHTML
  const { id: focused, value: typed } = document.activeElement ?? {}
  document.querySelector("main").replaceWith(document.adoptNode(main))
  document.title = next.title
  const again = focused && document.getElementById(focused)
  again?.focus({ preventScroll: true })
  if (again && typed !== undefined) again.value = typed
  document.dispatchEvent(new Event("renewed"))
  say(`Updated at ${heardAt.toLocaleTimeString()}`)
}

const look = () =>
  renew().catch(() => {
    root.dataset.lost = ""
    say(`No word from the server since ${heardAt.toLocaleTimeString()}: what is shown may be old`)
  })

function listen() {
  const news = new EventSource("/changes")
  for (const kind of ["version", "changed"]) {
    news.addEventListener(kind, ({ data }) => {
      if (data !== root.dataset.version || root.hasAttribute("data-lost")) look()
    })
  }
  news.addEventListener("error", () => {
    look()
    // an answer that is an error ends it, and browsers do not ask again
    if (news.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_AFTER_MS)
  })
}

listen()
setInterval(() => document.visibilityState === "visible" && look(), EVERY_MS)
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look())
