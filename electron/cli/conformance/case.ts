import { SecurityException } from '#core/errors.ts'

/** What a vector file expects of a case. */
export type Expectation = 'valid' | 'invalid' | 'acceptable'

/**
 * One case, ready to run. `run` comes to an end where the engine's answer is the one in the file; it throws a
 * SecurityException or a Refusal where the engine refuses, and a Disagreement where it answers something else.
 */
export interface PlannedCase {
  /** `tcId` of the file. */
  readonly id: number
  readonly comment: string
  readonly expected: Expectation
  /** Why the engine may refuse this case on purpose although the file calls it valid, or null. */
  readonly excuse: string | null
  readonly run: () => void | Promise<void>
}

/** The engine said no without an exception: a verification that answered false. */
export class Refusal extends Error {}

/** The engine answered, and the answer is not the one in the file. */
export class Disagreement extends Error {}

/** What became of a case. `why` is for people. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'acceptable'; readonly refused: boolean }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string }

/** Runs a case and judges what the engine did. Never throws. */
export async function judge(planned: PlannedCase): Promise<Outcome> {
  try {
    await planned.run()
  } catch (error) {
    return judgeRefusal(planned, error)
  }
  if (planned.expected === 'invalid')
    return { kind: 'failed', why: 'the engine accepted an input that is invalid' }
  return planned.expected === 'valid' ? { kind: 'passed' } : { kind: 'acceptable', refused: false }
}

function judgeRefusal({ expected, excuse }: PlannedCase, error: unknown): Outcome {
  if (error instanceof Disagreement) return { kind: 'failed', why: error.message }
  if (!(error instanceof SecurityException || error instanceof Refusal))
    return { kind: 'failed', why: `the engine crashed: ${describe(error)}` }
  // A refusal on purpose proves nothing about the rest of the case.
  if (excuse !== null) return { kind: 'skipped', why: excuse }
  if (expected === 'valid') return { kind: 'failed', why: `the engine refused: ${error.message}` }
  return expected === 'invalid' ? { kind: 'passed' } : { kind: 'acceptable', refused: true }
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : typeof error

/** Ends a case as a disagreement unless the two are the same bytes. */
export function expectBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0)
    throw new Disagreement(`${what} is ${excerpt(actual)}, not ${excerpt(expected)}, as the file has it`)
}

/** Test vectors hold no secrets; still, nobody reads a kilobyte of digits. */
const excerpt = (bytes: Uint8Array): string =>
  bytes.length <= 16
    ? `'${Buffer.from(bytes).toString('hex')}'`
    : `'${Buffer.from(bytes.subarray(0, 16)).toString('hex')}...' (${bytes.length} bytes)`

/** Ends a case as a refusal where a verification answered false. */
export function expectVerified(verified: boolean, what: string): void {
  if (!verified) throw new Refusal(`${what} was not accepted`)
}
