import { z } from 'zod'
import type { Expectation, PlannedCase } from './case.ts'

/** Bytes as hexadecimal digits. */
export const Hex = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2})*$/, 'an even number of hexadecimal digits')
  .transform((text) => Buffer.from(text, 'hex'))

/** Bytes that a case with an invalid input may leave out, as it has no result. */
export const HexOrNothing = Hex.nullish().transform((bytes) => bytes ?? Buffer.alloc(0))

/** A whole number as hexadecimal digits, two's complement, big-endian, of any length. */
export const BigInteger = z
  .string()
  .regex(/^[0-9a-fA-F]*$/, 'hexadecimal digits')
  .transform((text) => Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex'))

/** What every case has. Fields the runner does not use are ignored, so that a newer collection still runs. */
export const Test = z.object({
  tcId: z.number().int().nonnegative(),
  comment: z.string().default(''),
  result: z.enum(['valid', 'invalid', 'acceptable']),
  flags: z.array(z.string()).default([]),
})

/** One schema of the collection, made to run against the engine. */
export interface Adapter {
  /**
   * @param group an element of `testGroups`, unread
   * @param algorithm of the file
   * @returns the cases of the group; a text where the engine has no such algorithm: why all of them are skipped
   * @throws ZodError where the group does not fit the schema
   */
  plan(group: unknown, algorithm: string): readonly PlannedCase[] | string
  /** Reads the cases of a group that is skipped as a whole. */
  readonly schema: z.ZodType<{ readonly tests: readonly unknown[] }>
}

interface CaseOf {
  readonly tcId: number
  readonly comment: string
  readonly result: Expectation
}

/** How a group is run: for each of its cases, or not at all. */
export interface GroupRun<Case> {
  readonly excuse?: (test: Case) => string | null
  readonly run: (test: Case) => void | Promise<void>
}

/** Builds an adapter from the shape of a group and what to do with it. */
export function adapter<Group extends { readonly tests: readonly CaseOf[] }>(
  schema: z.ZodType<Group>,
  start: (group: Group, algorithm: string) => GroupRun<Group['tests'][number]> | string,
): Adapter {
  return {
    schema,
    plan(unread, algorithm) {
      const group = schema.parse(unread)
      const started = start(group, algorithm)
      if (typeof started === 'string') return started
      return group.tests.map((test) => ({
        id: test.tcId,
        comment: test.comment,
        expected: test.result,
        excuse: started.excuse?.(test) ?? null,
        run: () => started.run(test),
      }))
    },
  }
}
