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
  /** Why the file could not be run at all, or null. */
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
  let file: VectorFile | null = null
  try {
    file = readVectorFile(path)
    if (file === null) {
      if (!named) return null
      throw new MalformedFile('it is not a test-vector file: it has no testGroups')
    }
    return await runGroups(file, name, adapters)
  } catch (error) {
    if (!(error instanceof MalformedFile)) throw error
    return {
      file: name,
      algorithm: file?.algorithm ?? '',
      schema: file?.schema ?? '',
      counts: noCounts(),
      failures: [],
      skips: {},
      malformed: error.message,
    }
  }
}

async function runGroups(
  { algorithm, schema, testGroups }: VectorFile,
  name: string,
  adapters: ReadonlyMap<string, Adapter>,
): Promise<FileReport> {
  const tally = new Tally()
  const form = schemaName(schema)
  const known = adapters.get(form)
  const whole = refusedSchemas.get(form) ?? `the engine has no function for ${schema}`
  for (const [index, group] of testGroups.entries()) {
    const planned: readonly PlannedCase[] | string = reading(index, () =>
      known === undefined ? whole : known.plan(group, algorithm),
    )
    if (typeof planned === 'string') {
      tally.skip(
        planned,
        reading(index, () => countTests(group)),
      )
      continue
    }
    for (const each of planned) await tally.run(each)
    // A long file must not keep signals and output waiting.
    await setImmediate()
  }
  return { file: name, algorithm, schema, ...tally.report(), malformed: null }
}

/** The collection wrote `x_test_schema.json` before `x_test_schema_v1.json`, for the same form. */
const schemaName = (schema: string): string => schema.replace(/(?:_v1)?\.json$/, '')

const countTests = (group: unknown): number =>
  z.object({ tests: z.array(z.unknown()) }).parse(group).tests.length

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
