import { z } from 'zod'
import { Instant } from './primitives.ts'

const count = z.number().int().nonnegative()

/**
 * The result of the last `groundlock conformance`: test vectors run against the engine's own functions.
 * cases = passed + acceptable + failed + skipped.
 */
export const ConformanceRecord = z.strictObject({
  ranAt: Instant,
  /** What the engine ran on. */
  node: z.string().max(40),
  library: z.string().max(80),
  total: z.strictObject({
    files: count,
    /** Files that could not be read. */
    malformed: count,
    cases: count,
    passed: count,
    /** Cases that an implementation may accept or refuse, handled rightly. */
    acceptable: count,
    /** Of them, those that the engine refused. */
    acceptableRefused: count,
    failed: count,
    skipped: count,
  }),
  /** At most 500, those with trouble first. */
  files: z
    .array(
      z.strictObject({
        file: z.string().max(300),
        algorithm: z.string().max(200),
        cases: count,
        passed: count,
        acceptable: count,
        failed: count,
        skipped: count,
        /** Why the file is malformed, its first failure, or why cases were skipped. */
        note: z.string().max(300),
      }),
    )
    .max(500),
})
export type ConformanceRecord = z.infer<typeof ConformanceRecord>
