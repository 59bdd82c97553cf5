import type { ConformanceRecord } from '#shared/model/conformance.ts'
import type { Clock } from '#core/clock.ts'
import { writeConformance } from '#core/console/conformance-record.ts'
import { cryptoLibrary } from '#core/crypto/library.ts'
import { createProviders, platformProviders } from '#core/crypto/registry.ts'
import { SecurityException } from '#core/errors.ts'
import { ExitCode, usageFailure } from '../outcome.ts'
import { writeJsonLine, writeLine, type Writer } from '../output.ts'
import { createAdapters } from './adapters.ts'
import { describeFile, describeTotal } from './describe.ts'
import { findFiles, type FoundFile } from './find-files.ts'
import { type Counts, type FileReport, noCounts, runFile } from './run-file.ts'

export interface ConformanceParts {
  readonly stdout: Writer
  readonly stderr: Writer
  readonly clock: Clock
}

export interface ConformanceOptions {
  readonly dataDir: string
  readonly json: boolean
  /** Use the packages wherever there is one, as on a platform whose library lacks the algorithm. */
  readonly fallbacks: boolean
}

/**
 * Runs files of the public C2SP/Wycheproof v1 form against the engine's own functions, prints each file's result, and
 * leaves the totals in the data folder for the console's Settings screen.
 * @returns `refused` if a case failed; `couldNotRun` if none did but a file could not be read
 * @throws CommandFailure `couldNotRun` where an argument is not there or holds no vector file
 */
export async function runConformance(
  paths: readonly string[],
  { dataDir, json, fallbacks }: ConformanceOptions,
  { stdout, stderr, clock }: ConformanceParts,
): Promise<ExitCode> {
  const adapters = createAdapters(fallbacks ? createProviders({ forceNoble: true }) : platformProviders())
  const reports: FileReport[] = []
  for (const file of found(paths)) {
    const report = await runFile(file, adapters)
    if (report === null) continue
    reports.push(report)
    if (json) writeJsonLine(stdout, report)
    else for (const line of describeFile(report)) writeLine(stdout, line)
  }
  if (reports.length === 0) throw usageFailure('There is no test-vector file in what was given.')
  const record = summarise(reports, new Date(clock.now()).toISOString())
  if (json) writeJsonLine(stdout, record.total)
  else writeLine(stdout, describeTotal(record))
  keep(dataDir, record, stderr)
  if (record.total.failed > 0) return ExitCode.refused
  return record.total.malformed > 0 ? ExitCode.couldNotRun : ExitCode.ok
}

function found(paths: readonly string[]): FoundFile[] {
  try {
    return findFiles(paths)
  } catch (error) {
    throw usageFailure(error instanceof Error ? error.message : 'The files cannot be listed.')
  }
}

function summarise(reports: readonly FileReport[], ranAt: string): ConformanceRecord {
  const total: Counts = noCounts()
  for (const { counts } of reports)
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key]
  const malformed = reports.filter((report) => report.malformed !== null).length
  return {
    ranAt,
    node: process.versions.node,
    library: cryptoLibrary(),
    total: { files: reports.length, malformed, ...total },
    files: [...reports]
      .sort(worstFirst)
      .slice(0, 500)
      .map(({ file, algorithm, counts, malformed, failures, skips }) => ({
        file: file.slice(0, 300),
        algorithm,
        cases: counts.cases,
        passed: counts.passed,
        acceptable: counts.acceptable,
        failed: counts.failed,
        skipped: counts.skipped,
        note: note(malformed, failures, skips),
      })),
  }
}

/** What went wrong comes first; the rest keeps its order. */
const worstFirst = (a: FileReport, b: FileReport): number => trouble(b) - trouble(a)
const trouble = ({ malformed, counts }: FileReport): number =>
  malformed !== null ? 2 : counts.failed > 0 ? 1 : 0

function note(
  malformed: string | null,
  failures: FileReport['failures'],
  skips: FileReport['skips'],
): string {
  const [first] = failures
  if (malformed !== null) return malformed.slice(0, 300)
  if (first !== undefined) return `case ${first.id}: ${first.why}`.slice(0, 300)
  return Object.keys(skips).join('; ').slice(0, 300)
}

/** The run stands, whether or not its result can be kept. */
function keep(folder: string, record: ConformanceRecord, stderr: Writer): void {
  try {
    writeConformance(folder, record)
  } catch (error) {
    const why = error instanceof SecurityException ? error.message : 'The file cannot be replaced.'
    writeLine(stderr, `groundlock: the result is not kept for the Settings screen: ${why}`)
  }
}
