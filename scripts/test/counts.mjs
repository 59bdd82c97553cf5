import { readFileSync } from 'node:fs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Reads vitest's JSON report. A file that could not be loaded holds no tests and counts as one failure.
 * @param {string} file
 * @returns {Counts}
 */
export function readVitestReport(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const emptyFailures = report.testResults.filter(
    /** @param {{ status: string, assertionResults: unknown[] }} result */
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + emptyFailures.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * Reads Playwright's JSON report. Errors outside of any test count as failures; a test that passed when it was
 * repeated counts as one too, because it is not to be relied on.
 * @param {string} file
 * @returns {Counts}
 */
export function readPlaywrightReport(file) {
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'))
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + (stats.unexpected === 0 ? errors.length : 0),
    skipped: stats.skipped,
  }
}

/**
 * Reads the counts that a runner of our own wrote, in the form they are used in.
 * @param {string} file
 * @returns {Counts}
 */
export function readCounts(file) {
  const { passed, failed, skipped } = JSON.parse(readFileSync(file, 'utf8'))
  if (![passed, failed, skipped].every(Number.isInteger)) throw new Error(`${file} holds no counts`)
  return { passed, failed, skipped }
}

/**
 * What a runner's exit code and report say together: a runner that fails, or that left no report, counts at least
 * one failure, however its tests came out.
 * @param {boolean} ok @param {() => Counts} readReport
 * @returns {Counts}
 */
export function reconcile(ok, readReport) {
  /** @type {Counts} */
  let counts
  try {
    counts = readReport()
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
  return !ok && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

/** @param {Counts[]} all @returns {Counts} */
export const sum = (all) => ({
  passed: all.reduce((total, { passed }) => total + passed, 0),
  failed: all.reduce((total, { failed }) => total + failed, 0),
  skipped: all.reduce((total, { skipped }) => total + skipped, 0),
})
