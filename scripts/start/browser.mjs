import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { find } from '../setup/processes.mjs'

/** Browsers of the Chromium family, which can show a page as an application window. */
const onPath = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  ...['brave-browser', 'brave', 'microsoft-edge', 'microsoft-edge-stable', 'vivaldi'],
]

/** @param {NodeJS.ProcessEnv} env @returns {Partial<Record<NodeJS.Platform, string[]>>} */
const inPlaces = (env) => ({
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Brave Browser.app/Contents/MacOS/Brave Browser',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [env['ProgramFiles'], env['ProgramFiles(x86)'], env['LOCALAPPDATA']].flatMap((folder) =>
    folder === undefined
      ? []
      : [
          join(folder, 'Google/Chrome/Application/chrome.exe'),
          join(folder, 'Microsoft/Edge/Application/msedge.exe'),
        ],
  ),
})

/** @param {NodeJS.ProcessEnv} [env] @returns {string | null} a browser's path */
export function findBrowser(env = process.env) {
  for (const name of onPath) {
    const path = find(name, env)
    if (path !== null) return path
  }
  return inPlaces(env)[process.platform]?.find((path) => existsSync(path)) ?? null
}

/**
 * How the browser is started. Its profile is the window's own and is removed with it, so nothing of the console stays
 * behind in the operator's browser.
 * @param {string} url @param {string} profile @param {boolean} isRoot Chromium has no sandbox for root
 */
export const browserArguments = (url, profile, isRoot) => [
  `--app=${url}`,
  `--user-data-dir=${profile}`,
  '--class=groundlock',
  '--window-size=1440,900',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  ...(isRoot ? ['--no-sandbox', '--test-type'] : []),
]

/**
 * Shows `url` in an application window.
 * @param {string} browser @param {string} url
 * @returns {{ closed: Promise<boolean>, close(): void }} `closed` is true if a window was shown and then closed, false
 *   if the browser could not show one
 */
export function openWindow(browser, url) {
  const profile = mkdtempSync(join(tmpdir(), 'groundlock-window-'))
  const child = spawn(browser, browserArguments(url, profile, process.getuid?.() === 0), { stdio: 'ignore' })
  const ended = once(child, 'exit').then(
    ([code]) => code === 0,
    () => false,
  )
  const forget = () => {
    try {
      rmSync(profile, { recursive: true, force: true })
    } catch {
      // A helper of the browser still writes into it; there is another attempt when this process ends.
    }
  }
  process.on('exit', forget)
  const closed = ended.finally(forget)
  return { closed, close: () => void child.kill('SIGTERM') }
}
