import type { ConformanceRecord } from '#shared/model/conformance.ts'
import type { Counts, FileReport } from './run-file.ts'

/** Failures that are printed for one file; `--json` has more. */
const shownFailures = 20

/** A file's result in lines for people. */
export function describeFile({ file, algorithm, counts, failures, skips, malformed }: FileReport): string[] {
  const lines = malformed === null ? [] : [`${file}: MALFORMED: ${malformed}`]
  if (malformed === null || counts.cases > 0) lines.push(`${file} (${algorithm}): ${describeCounts(counts)}`)
  for (const { id, comment, why } of failures.slice(0, shownFailures))
    lines.push(`  FAILED case ${id}${comment === '' ? '' : ` (${comment})`}: ${why}`)
  if (counts.failed > Math.min(failures.length, shownFailures))
    lines.push(`  and ${counts.failed - Math.min(failures.length, shownFailures)} more failed`)
  for (const [why, cases] of Object.entries(skips)) lines.push(`  skipped ${cases}: ${why}`)
  return lines
}

/** The last line. */
export function describeTotal({ total }: ConformanceRecord): string {
  const files = `${total.files} ${total.files === 1 ? 'file' : 'files'}`
  const malformed = total.malformed === 0 ? '' : `, ${total.malformed} malformed`
  return `${files}${malformed}: ${describeCounts(total)}`
}

const describeCounts = ({ cases, passed, acceptable, acceptableRefused, failed, skipped }: Counts): string =>
  [
    `${cases} ${cases === 1 ? 'case' : 'cases'}`,
    `${passed} passed`,
    ...(acceptable === 0
      ? []
      : [
          `${acceptable} acceptable (${acceptable - acceptableRefused} accepted, ${acceptableRefused} refused)`,
        ]),
    `${failed} failed`,
    `${skipped} skipped`,
  ].join(', ')
