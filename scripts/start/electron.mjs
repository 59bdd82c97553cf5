import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memory } from '../setup/exclusively.mjs'
import { root, run, say } from '../setup/processes.mjs'
import { environment, node24 } from '../setup/runtime.mjs'

/** How long fetching Electron may take, and how long a failure is remembered, in milliseconds. */
const patience = 20_000
const remembered = 7 * 24 * 60 * 60 * 1000

const failureFile = join(memory, 'electron.json')
const electronPackage = join(root, 'node_modules', 'electron')

/** @typedef {{ version: string, at: number, reason: string }} FetchFailure */
/** @typedef {{ host: 'electron', binary: string, reason: string } | { host: 'browser', reason: string }} HostChoice */

/**
 * Which host shows the console, and why.
 * @param {{ hasDisplay: boolean, binary: () => string | null, fetch: () => Promise<string | null>,
 *   failure: () => FetchFailure | null, version: string, now: number }} machine `fetch` answers null or what went wrong
 * @returns {Promise<HostChoice>}
 */
export async function chooseHost({ hasDisplay, binary, fetch, failure, version, now }) {
  const installed = binary()
  if (!hasDisplay) return { host: 'browser', reason: 'this session has no display' }
  if (installed !== null)
    return { host: 'electron', binary: installed, reason: `Electron ${version} is installed` }
  const past = failure()
  if (past !== null && past.version === version && now - past.at < remembered) {
    const again = new Date(past.at + remembered).toISOString().slice(0, 10)
    return {
      host: 'browser',
      reason: `Electron ${version} could not be fetched (${past.reason}; next attempt after ${again})`,
    }
  }
  const problem = await fetch()
  const fetched = problem === null ? binary() : null
  if (fetched !== null)
    return { host: 'electron', binary: fetched, reason: `Electron ${version} was fetched` }
  return {
    host: 'browser',
    reason: `Electron ${version} could not be fetched (${problem ?? 'it did not unpack'})`,
  }
}

/** Linux shows windows only where a display server is named. @param {NodeJS.ProcessEnv} [env] */
export function hasDisplay(env = process.env) {
  return process.platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}

/** The choice for this machine. */
export function chooseHostHere() {
  const version = /** @type {string} */ (
    JSON.parse(readFileSync(join(electronPackage, 'package.json'), 'utf8')).version
  )
  return chooseHost({
    hasDisplay: hasDisplay(),
    binary: () => installedBinary(),
    fetch: () => fetchElectron(version),
    failure: readFailure,
    version,
    now: Date.now(),
  })
}

/**
 * The Electron that `require('electron')` would name, without its download.
 * @param {string} [folder] the electron package
 * @param {NodeJS.ProcessEnv} [env]
 */
export function installedBinary(folder = electronPackage, env = process.env) {
  const pathFile = join(folder, 'path.txt')
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'electron'
  const binary = join(env['ELECTRON_OVERRIDE_DIST_PATH'] || join(folder, 'dist'), name)
  return existsSync(binary) ? binary : null
}

/** @param {string} version @returns {Promise<string | null>} null, or what went wrong in a few words */
async function fetchElectron(version) {
  say(`Fetching Electron ${version} (at most ${patience / 1000} s) ...`)
  const script = join(electronPackage, 'install.js')
  const { ok, timedOut, output } = await run(node24(), [script], {
    env: environment(),
    milliseconds: patience,
  })
  if (ok) {
    rmSync(failureFile, { force: true })
    return null
  }
  const reason = timedOut ? `it took longer than ${patience / 1000} s` : describeFailure(output)
  writeFileSync(failureFile, JSON.stringify({ version, at: Date.now(), reason }))
  return reason
}

/** Network errors name themselves by a code; otherwise the first line has to do. Addresses are left out. @param {string} output */
export function describeFailure(output) {
  const code = /\b(E[A-Z]{4,}|UND_ERR_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)\b/.exec(output)?.[1]
  if (code !== undefined) return `the download failed with ${code}`
  const status = /\b(?:status(?: code)?|HTTP)\D{0,3}(\d{3})\b/i.exec(output)?.[1]
  if (status === undefined && /fetch failed/i.test(output)) return 'the download server could not be reached'
  return status === undefined ? 'the download failed' : `the download was answered with status ${status}`
}

/** @returns {FetchFailure | null} */
function readFailure() {
  try {
    return JSON.parse(readFileSync(failureFile, 'utf8'))
  } catch {
    return null
  }
}
