import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { Adapter } from './adapter.ts'
import { refusedSchemas } from './adapters.ts'
import { judge, type PlannedCase } from './case.ts'
import type { FoundFile } from './find-files.ts'
import { describeIssue, MalformedFile, readVectorFile, type VectorFile } from './vector-file.ts'

export interface Counts {
  cases: number
  passed: number
  /** Cases that may be accepted or refused, and were handled rightly. */
  acceptable: number
  /** Of `acceptable`: those that the engine refused. */
  acceptableRefused: number
  failed: number
  skipped: number
}

export const noCounts = (): Counts => ({
  cases: 0,
  passed: 0,
  acceptable: 0,
  acceptableRefused: 0,
  failed: 0,
  skipped: 0,
})

export interface FailedCase {
  readonly id: number
  readonly comment: string
  readonly why: string
}

/** The report of one file. */
export interface FileReport {
  readonly file: string
  readonly algorithm: string
  readonly schema: string
  readonly counts: Counts
  /** At most `maxFailures` of them. */
  readonly failures: readonly FailedCase[]
  /** How many cases were skipped for which reason. */
  readonly skips: Readonly<Record<string, number>>
  /** Why the file could not be run, or not to its end; or null. */
  readonly malformed: string | null
}

/** Failures of one file that are kept for the report; all are counted. */
export const maxFailures = 100

/**
 * Runs every case of a file, one after the other. A file that cannot be read is told in the report.
 * @param adapters by the name of their schema
 * @returns null for JSON that is no vector file, where it was found in a folder and not named
 */
export async function runFile(
  { path, name, named }: FoundFile,
  adapters: ReadonlyMap<string, Adapter>,
): Promise<FileReport | null> {
  const tally = new Tally()
  const blank = { file: name, algorithm: '', schema: '' }
  let file: VectorFile | null
  try {
    file = readVectorFile(path)
    if (file === null && named) throw new MalformedFile('it is not a test-vector file: it has no testGroups')
  } catch (error) {
    return { ...blank, ...tally.report(), malformed: reasonOf(error) }
  }
  if (file === null) return null
  const { algorithm, schema } = file
  try {
    await runGroups(file, adapters, tally)
  } catch (error) {
    return { ...blank, algorithm, schema, ...tally.report(), malformed: reasonOf(error) }
  }
  return { ...blank, algorithm, schema, ...tally.report(), malformed: null }
}

function reasonOf(error: unknown): string {
  if (error instanceof MalformedFile) return error.message
  throw error
}

async function runGroups(
  { algorithm, schema, testGroups }: VectorFile,
  adapters: ReadonlyMap<string, Adapter>,
  tally: Tally,
): Promise<void> {
  const form = schemaName(schema)
  const known = adapters.get(form)
  const whole = refusedSchemas.get(form) ?? `the engine has no function for ${schema}`
  for (const [index, group] of testGroups.entries()) {
    const planned = reading(index, () => (known === undefined ? whole : known.plan(group, algorithm)))
    if (typeof planned === 'string') {
      tally.skip(planned, countTests(group))
      continue
    }
    for (const each of planned) await tally.run(each)
    // A long file must not keep signals and output waiting.
    await setImmediate()
  }
}

/** The collection wrote `x_test_schema.json` before `x_test_schema_v1.json`, for the same form. */
const schemaName = (schema: string): string => schema.replace(/(?:_v1)?\.json$/, '')

/** Of a group whose form is not known, so it may hold none. */
function countTests(group: unknown): number {
  const read = z.object({ tests: z.array(z.unknown()) }).safeParse(group)
  return read.success ? read.data.tests.length : 0
}

function reading<Result>(index: number, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw new MalformedFile(describeIssue(error, `testGroups.${index}`))
  }
}

class Tally {
  readonly #counts = noCounts()
  readonly #failures: FailedCase[] = []
  readonly #skips = new Map<string, number>()

  async run(planned: PlannedCase): Promise<void> {
    const outcome = await judge(planned)
    if (outcome.kind === 'skipped') {
      this.skip(outcome.why, 1)
      return
    }
    this.#counts.cases += 1
    this.#counts[outcome.kind] += 1
    if (outcome.kind === 'acceptable' && outcome.refused) this.#counts.acceptableRefused += 1
    if (outcome.kind === 'failed' && this.#failures.length < maxFailures)
      this.#failures.push({ id: planned.id, comment: planned.comment, why: outcome.why })
  }

  skip(why: string, cases: number): void {
    this.#counts.cases += cases
    this.#counts.skipped += cases
    if (cases > 0) this.#skips.set(why, (this.#skips.get(why) ?? 0) + cases)
  }

  report(): Pick<FileReport, 'counts' | 'failures' | 'skips'> {
    return { counts: this.#counts, failures: this.#failures, skips: Object.fromEntries(this.#skips) }
  }
}
