import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bunBinary } from '../../../scripts/test/bun.mjs'
import {
  readCounts,
  readPlaywrightReport,
  readVitestReport,
  reconcile,
  sum,
} from '../../../scripts/test/counts.mjs'
import { temporaryFolder } from '../../support/folder.ts'

const report = (content: unknown): string => {
  const file = join(temporaryFolder(), 'report.json')
  writeFileSync(file, JSON.stringify(content))
  return file
}

describe('a report counts', () => {
  test('a test file that could not be loaded as a failure', () => {
    const file = report({
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [
        { status: 'failed', assertionResults: [{}] },
        { status: 'failed', assertionResults: [] },
        { status: 'passed', assertionResults: [{}] },
      ],
    })
    expect(readVitestReport(file)).toEqual({ passed: 5, failed: 2, skipped: 3 })
  })

  test('a test that passed when it was repeated as a failure', () => {
    const stats = { expected: 3, unexpected: 0, flaky: 1, skipped: 2 }
    expect(readPlaywrightReport(report({ stats, errors: [] }))).toEqual({ passed: 3, failed: 1, skipped: 2 })
  })

  test('an error outside of any test as a failure', () => {
    const stats = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }
    expect(readPlaywrightReport(report({ stats, errors: [{}] }))).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
    })
  })
})

test('a runner that failed, or left no report, counts at least one failure', () => {
  const counts = { passed: 3, failed: 0, skipped: 0 }
  expect(reconcile(true, () => counts)).toEqual(counts)
  expect(reconcile(false, () => counts)).toEqual({ passed: 3, failed: 1, skipped: 0 })
  expect(reconcile(false, () => ({ ...counts, failed: 2 }))).toEqual({ passed: 3, failed: 2, skipped: 0 })
  expect(reconcile(true, () => readVitestReport('/nowhere/report.json'))).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  })
})

test('the sum is over all runners', () => {
  const all = [
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 2, failed: 3, skipped: 4 },
  ]
  expect(sum(all)).toEqual({ passed: 3, failed: 3, skipped: 4 })
})

describe('the job under Bun', () => {
  test('counts what its report says, and a report without counts is none', () => {
    expect(readCounts(report({ passed: 4, failed: 1, skipped: 2, more: 9 }))).toEqual({
      passed: 4,
      failed: 1,
      skipped: 2,
    })
    expect(reconcile(true, () => readCounts(report({ passed: 'all' })))).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
    })
  })

  test('has no binary where the package is not installed', () => {
    expect(bunBinary(temporaryFolder())).toBeNull()
  })
})
