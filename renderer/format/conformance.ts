import type { ConformanceRecord } from '#shared/model/conformance.ts'
import type { Status } from './status.ts'

/** What a run says at a glance. A run in which nothing was put to the test proves nothing. */
export function conformanceStatus({
  passed,
  acceptable,
  failed,
  malformed,
}: ConformanceRecord['total']): Status {
  if (failed > 0) return { kind: 'critical', label: `${failed} failed` }
  if (malformed > 0) return { kind: 'caution', label: `${malformed} malformed` }
  return passed + acceptable > 0
    ? { kind: 'normal', label: 'Conformant' }
    : { kind: 'off', label: 'Nothing was tested' }
}
