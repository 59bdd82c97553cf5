import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants as system } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { forwardSignals, root, say } from '../setup/processes.mjs'
import { environment, node24 } from '../setup/runtime.mjs'
import { findBrowser, openWindow } from './browser.mjs'
import { hasDisplay } from './electron.mjs'

const announcement = /^(?:Groundlock console|Another window): (http:\/\/\S+)$/

/** How long the engine may take to stop once its window is closed, in milliseconds. */
const stopPatience = 8000

/**
 * Runs the browser host, and shows it in a window where that is possible; otherwise its address is printed.
 * @param {readonly string[]} args
 * @param {{ openBrowser: boolean }} options
 * @returns {Promise<number>} exit code
 */
export async function runWebHost(args, { openBrowser }) {
  const script = join(root, 'out', 'main', 'web.js')
  const host = spawn(node24(), [script, '--no-open', ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(host, 'exit')
  const endForwarding = forwardSignals(host)
  const browser = openBrowser && hasDisplay() ? findBrowser() : null
  const screen = browser === null ? printedScreen() : windowScreen(browser, () => stop(host))
  createInterface({ input: host.stdout }).on('line', (line) => {
    const url = announcement.exec(line)?.[1]
    if (url === undefined) console.log(line)
    else screen.show(url)
  })
  const [code, signal] = await ended
  endForwarding()
  screen.close()
  return code ?? 128 + system.signals[/** @type {NodeJS.Signals} */ (signal)]
}

/** @typedef {{ show(url: string): void, close(): void }} Screen what is done with the addresses the host announces */

/** An address works once; the host announces the next one when it was used. @returns {Screen} */
function printedScreen() {
  let opened = 0
  return {
    show(url) {
      opened += 1
      console.log(`${opened === 1 ? 'Groundlock console' : 'Another window'}: ${url}`)
      if (opened === 1)
        say('Open this address in a browser on this machine; it works once. Press Ctrl-C to stop.')
    },
    close: () => undefined,
  }
}

/** @param {string} browser @param {() => void} whenClosed @returns {Screen} */
function windowScreen(browser, whenClosed) {
  const fallback = printedScreen()
  /** @type {ReturnType<typeof openWindow> | null} */
  let window = null
  let latest = ''
  let failed = false
  let closing = false
  return {
    show(url) {
      latest = url
      if (failed) return fallback.show(url)
      if (window !== null) return
      say('Close the window or press Ctrl-C to stop.')
      window = openWindow(browser, url)
      void window.closed.then((wasShown) => {
        if (closing) return
        if (wasShown) return whenClosed()
        failed = true
        say('The browser could not show a window.')
        fallback.show(latest)
      })
    },
    close() {
      closing = true
      window?.close()
    },
  }
}

/** @param {import('node:child_process').ChildProcess} host */
function stop(host) {
  host.kill('SIGTERM')
  setTimeout(() => host.kill('SIGKILL'), stopPatience).unref()
}
