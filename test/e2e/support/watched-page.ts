import type { Browser, BrowserContext, Page } from '@playwright/test'

/** A page of its own browser profile, which notes everything that a clean page never does. */
export class WatchedPage {
  readonly page: Page
  /** Uncaught exceptions, and errors and warnings on the browser's console: violations of the page's policy are among them. */
  readonly problems: string[] = []
  #engineIsDown = false

  private constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return
      // The browser itself reports each attempt to reach an engine that was killed.
      if (this.#engineIsDown && /WebSocket connection to .* failed/.test(message.text())) return
      this.problems.push(`${message.type()}: ${message.text()}`)
    })
  }

  static async open(browser: Browser): Promise<WatchedPage> {
    const context = await browser.newContext()
    return new WatchedPage(await context.newPage())
  }

  get context(): BrowserContext {
    return this.page.context()
  }

  /** While `work` runs the engine may be away; attempts to reach it are no problem. */
  async duringOutage(work: () => Promise<void>): Promise<void> {
    this.#engineIsDown = true
    await work()
    this.#engineIsDown = false
  }
}
