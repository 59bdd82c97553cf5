import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { become, root } from '../setup/processes.mjs'
import { bunBinary } from './bun.mjs'
import { environment } from '../setup/runtime.mjs'
import { readCounts, readPlaywrightReport, readVitestReport, reconcile } from './counts.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

const reports = join(root, 'test-results')

/** A check counts as one test. @param {string} script of package.json @returns {() => Promise<Counts>} */
const check = (script) => async () => {
  const windows = process.platform === 'win32'
  const code = await become(windows ? 'npm.cmd' : 'npm', ['run', '--silent', script], { env: environment() })
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** @param {string} project @returns {() => Promise<Counts>} */
const vitest = (project) => async () => {
  const report = join(reports, `${project}.json`)
  rmSync(report, { force: true })
  const outputs = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const ok = await tool('vitest/vitest.mjs', ['run', '--project', project, ...outputs])
  return reconcile(ok, () => readVitestReport(report))
}

const playwright = async () => {
  // Playwright empties its output folder when it starts, so the report is kept outside of it.
  const report = join(root, 'node_modules', '.cache', 'e2e.json')
  rmSync(report, { force: true })
  const ok = await tool('@playwright/test/cli.js', ['test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  })
  return reconcile(ok, () => readPlaywrightReport(report))
}

/** The cryptographic engine on BoringSSL: its self-test and the repository's vectors, under Bun. */
const bun = async () => {
  const binary = bunBinary()
  if (binary === null) {
    console.log('Skipped: Bun is not installed for this platform, so nothing was run on BoringSSL.')
    return { passed: 0, failed: 0, skipped: 1 }
  }
  mkdirSync(reports, { recursive: true })
  const report = join(reports, 'bun.json')
  rmSync(report, { force: true })
  const ok = (await become(binary, [join(root, 'test', 'bun', 'main.ts'), report])) === 0
  return reconcile(ok, () => readCounts(report))
}

/** @param {string} file @param {string[]} args @param {NodeJS.ProcessEnv} [extra] */
const tool = async (file, args, extra = {}) =>
  (await become('node', [join(root, 'node_modules', file), ...args], {
    env: { ...environment(), ...extra },
  })) === 0

/** Everything that `npm test` runs, in this order. @type {Record<string, () => Promise<Counts>>} */
export const stages = {
  types: check('types'),
  lint: check('lint'),
  layers: check('layers'),
  unit: vitest('unit'),
  renderer: vitest('renderer'),
  contract: vitest('contract'),
  integration: vitest('integration'),
  bun,
  e2e: playwright,
}
