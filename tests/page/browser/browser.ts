// A real browser, and what it complains of: errors, violations of the policy, requests beyond the page's own origin.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import axe from "axe-core/axe.min.js" with { type: "text" }

/** Why browser tests are skipped; undefined where they are not. */
export function missingBrowser(): string | undefined {
  const found = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].some((name) =>
    Bun.which(name),
  )
  return found ? undefined : "no chromium here"
}

export interface Look {
  readonly width: number
  readonly scheme: "light" | "dark"
  /** Of the browser, when that is not the machine's. */
  readonly timeZone?: string
}

/** Of a test in a browser: now and then its driver loses an answer, and waits for it for ever. */
export const IN_BROWSER = { timeout: 30_000, retry: 2 }

const ANSWER_WITHIN_MS = 1000

// all tabs of a process are one browser's, which ends with it
const folder = mkdtempSync(join(tmpdir(), "browser-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

export class Browser implements Disposable {
  /** What went wrong so far. */
  readonly complaints: string[] = []

  private constructor(private readonly view: Bun.WebView) {}

  static async open(origin: string, { width, scheme, timeZone }: Look): Promise<Browser> {
    mkdirSync(folder, { recursive: true })
    const view = new Bun.WebView({
      backend: { type: "chrome", url: false, argv: ["--no-sandbox"] },
      dataStore: { directory: folder },
    })
    const browser = new Browser(view)
    await view.navigate("about:blank") // what follows speaks to a tab
    await view.resize(width, 900)
    await view.cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] })
    if (timeZone) await view.cdp("Emulation.setTimezoneOverride", { timezoneId: timeZone })
    browser.#listen(origin)
    for (const domain of ["Network", "Log", "Runtime"]) await view.cdp(`${domain}.enable`)
    return browser
  }

  #listen(origin: string): void {
    const on = (event: string, complaint: (data: Reported) => string | undefined) =>
      this.view.addEventListener(event, (reported) => {
        const text = complaint((reported as MessageEvent<Reported>).data)
        if (text !== undefined) this.complaints.push(text)
      })
    on("Network.requestWillBeSent", ({ request }) => (request?.url.startsWith(origin) ? undefined : request?.url))
    on("Log.entryAdded", ({ entry }) => (entry?.level === "error" ? entry.text : undefined)) // the policy's, and 404
    on("Runtime.exceptionThrown", ({ exceptionDetails }) => exceptionDetails?.exception?.description ?? "an exception")
    on("Runtime.consoleAPICalled", ({ type }) => (type === "error" ? "console.error()" : undefined))
  }

  /** Resolves when the page is one whose address ends so. */
  async arrived(end: string): Promise<void> {
    if (!this.view.url.endsWith(end)) await new Promise<void>((resolve) => (this.view.onNavigated = () => resolve()))
  }

  /** Clicks a link, and resolves when it has led there: a page that goes away may take the answer to the click along. */
  async follow(selector: string, end: string): Promise<void> {
    const arrived = this.arrived(end)
    await Promise.race([this.click(selector), arrived])
    await arrived
  }

  navigate(url: string): Promise<void> {
    return this.view.navigate(url)
  }

  /** Of whichever is there as soon as it is. */
  text(selector: string): Promise<string> {
    return this.until<string>(`document.querySelector(${JSON.stringify(selector)})?.textContent.replace(/\\s+/g, " ")`)
  }

  /**
   * Resolves with what the expression gives as soon as that is something; the test's own time limit bounds it. It is
   * asked from outside, as a page may go away, or run no scripts.
   */
  async until<T>(expression: string): Promise<T> {
    const asked = { expression: `(() => { try { return ${expression} } catch {} })()`, returnByValue: true }
    for (;;) {
      const answer = this.view.cdp<Evaluated<T>>("Runtime.evaluate", asked).catch(() => undefined)
      const value = (await Promise.race([answer, Bun.sleep(ANSWER_WITHIN_MS)]))?.result.value
      if (value) return value
      await Bun.sleep(10)
    }
  }

  async evaluate<T>(expression: string): Promise<T> {
    return (await this.view.evaluate(expression)) as T
  }

  async withoutScripts(): Promise<void> {
    await this.view.cdp("Emulation.setScriptExecutionDisabled", { value: true })
  }

  /** As it is printed, on paper as wide as the window. */
  async onPaper(scheme: Look["scheme"]): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: scheme }]
    await this.view.cdp("Emulation.setEmulatedMedia", { media: "print", features })
  }

  press(key: string): Promise<void> {
    return this.view.press(key as "Home")
  }

  /** Whatever is there, without the page's help. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.#place(selector, 0.5)
    await this.view.click(x, y)
  }

  /** @param across where in it from left to right, 0 to 1 */
  async point(selector: string, across: number): Promise<void> {
    await this.view.cdp("Input.dispatchMouseEvent", { type: "mouseMoved", ...(await this.#place(selector, across)) })
  }

  /** A finger, from there to there. */
  async drag(selector: string, from: number, to: number): Promise<void> {
    const touch = async (type: string, points: readonly object[]) => {
      await this.view.cdp("Input.dispatchTouchEvent", { type, touchPoints: points })
    }
    await touch("touchStart", [await this.#place(selector, from)])
    await touch("touchMove", [await this.#place(selector, (from + to) / 2)])
    await touch("touchMove", [await this.#place(selector, to)])
    await touch("touchEnd", [])
  }

  async #place(selector: string, across: number): Promise<{ x: number; y: number }> {
    const box = await this.evaluate<DOMRect>(
      `(() => { const element = document.querySelector(${JSON.stringify(selector)})
         element.scrollIntoView({ block: "center" })
         return element.getBoundingClientRect().toJSON() })()`,
    )
    return { x: box.x + box.width * across, y: box.y + box.height / 2 }
  }

  /** What axe-core finds: the rule, and where. */
  async violations(): Promise<string[]> {
    await this.view.cdp("Runtime.evaluate", { expression: axe })
    const { violations } = await this.evaluate<AxeResult>("axe.run()")
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`))
  }

  [Symbol.dispose](): void {
    this.view.close()
  }
}

interface DOMRect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

interface Evaluated<T> {
  readonly result: { readonly value?: T }
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: string[] }[] }[]
}

/** What of the DevTools protocol's events is looked at. */
interface Reported {
  readonly request?: { readonly url: string }
  readonly entry?: { readonly level: string; readonly text: string }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
  readonly type?: string
}
