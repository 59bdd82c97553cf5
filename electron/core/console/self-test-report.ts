import type { SelfTestView } from '#shared/model/console.ts'
import type { AuditEntry } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { cryptoLibrary } from '../crypto/library.ts'
import type { SelfTestResult } from '../crypto/self-test.ts'

/** The result as Settings shows it. */
export const selfTestView = ({ passed, checks }: SelfTestResult, clock: Clock): SelfTestView => ({
  ranAt: isoTime(clock.now()),
  passed,
  algorithms: checks.map(({ algorithm, provider, passed: ok }) => ({ algorithm, provider, passed: ok })),
})

/** The audit record: on which library, how many algorithms, and which of them failed. */
export function selfTestEntry({ passed, checks }: SelfTestResult): AuditEntry {
  const failed = checks.filter((check) => !check.passed)
  const packaged = checks.filter(({ provider }) => provider === 'noble')
  return {
    type: 'SELF_TEST',
    severity: passed ? 'INFO' : 'CRITICAL',
    actor: 'console',
    subject: 'cryptographic engine',
    detail: {
      passed,
      library: cryptoLibrary(),
      algorithms: checks.length,
      packaged: packaged.map(({ algorithm }) => algorithm).join(', '),
      failed: failed.map(({ algorithm }) => algorithm).join(', ') || null,
    },
  }
}
