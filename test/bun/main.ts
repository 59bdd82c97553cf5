import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cryptoLibrary } from '#core/crypto/library.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { capabilities, createProviders } from '#core/crypto/registry.ts'
import { runSelfTest } from '#core/crypto/self-test.ts'
import { createAdapters } from '../../electron/cli/conformance/adapters.ts'
import { findFiles } from '../../electron/cli/conformance/find-files.ts'
import { runFile } from '../../electron/cli/conformance/run-file.ts'

/**
 * The self-test and every vector of the repository, in the runtime this is run by. Under Bun that is BoringSSL, the
 * nearest there is to Electron without Electron; what it cannot show is in docs/SECURITY.md. Writes the counts as JSON
 * to the file that is named.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const counts = { passed: 0, failed: 0, skipped: 0 }

function selfTest(who: string, providers: Providers): void {
  const { checks } = runSelfTest(providers)
  const failed = checks.filter(({ passed }) => !passed)
  counts.passed += checks.length - failed.length
  counts.failed += failed.length
  const result =
    failed.length === 0 ? 'passed' : `FAILED: ${failed.map(({ algorithm }) => algorithm).join(', ')}`
  say(`self-test, ${who}: ${checks.length} algorithms, ${result}`)
}

async function vectors(who: string, providers: Providers): Promise<void> {
  const adapters = createAdapters(providers)
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const file of findFiles([join(import.meta.dirname, '..', 'vectors')])) {
    const report = await runFile(file, adapters)
    if (report === null) continue
    total.passed += report.counts.passed + report.counts.acceptable
    total.failed += report.counts.failed + (report.malformed === null ? 0 : 1)
    total.skipped += report.counts.skipped
    for (const { id, why } of report.failures) say(`${file.name} case ${id}: ${why}`)
    if (report.malformed !== null) say(`${file.name}: ${report.malformed}`)
  }
  counts.passed += total.passed
  counts.failed += total.failed
  counts.skipped += total.skipped
  say(`vectors, ${who}: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
}

const platform = createProviders()
const packaged = capabilities(platform).filter(({ provider }) => provider === 'noble')
say(`${cryptoLibrary()}; by packages: ${packaged.map(({ algorithm }) => algorithm).join(', ')}`)
for (const [who, providers] of [
  ['the platform', platform],
  ['every package', createProviders({ forceNoble: true })],
] as const) {
  selfTest(who, providers)
  await vectors(who, providers)
}
const [report] = process.argv.slice(2)
if (report !== undefined) writeFileSync(report, JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
