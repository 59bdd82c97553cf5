import fc from 'fast-check'
import { expect } from 'vitest'
import { maxInputBytes } from '#core/crypto/input.ts'
import { createProviders } from '#core/crypto/registry.ts'
import { SecurityException } from '#core/errors.ts'

/** Every suite runs on what this platform has, and once with every package of @noble in its place. */
export const providerSets = [
  { who: 'the platform', providers: createProviders() },
  { who: '@noble', providers: createProviders({ forceNoble: true }) },
] as const

/** One byte more than any function of the engine takes. The system gives zeros, so it costs nothing until it is read. */
export const tooMuch = Buffer.alloc(maxInputBytes + 1)

/** What an untyped caller may give in the place of bytes. */
export const notBytes: readonly unknown[] = [
  undefined,
  null,
  0,
  true,
  'text that is secret',
  [1, 2, 3],
  {},
  new ArrayBuffer(8),
  new Uint16Array(8),
]

export const bytesOf = (min: number, max = min): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array))

/** A copy with one bit of it altered; `bit` may be any number. */
export function flip(given: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(given)
  const at = bit % (copy.length * 8)
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7))
  return copy
}

/** The exception of a function that has to throw one of the engine's. */
export function refusal(work: () => unknown): SecurityException {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(SecurityException)
    return error as SecurityException
  }
  throw new Error('it was taken')
}

export async function refusalOf(work: Promise<unknown>): Promise<SecurityException> {
  const error: unknown = await work.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SecurityException)
  return error as SecurityException
}

/** Each value is refused as bad input, in a message that names the parameter and shows nothing of what was given. */
export function expectRefused(
  Raise: typeof SecurityException,
  parameter: string,
  values: readonly unknown[],
  work: (value: never) => unknown,
): void {
  for (const value of values) {
    const error = refusal(() => work(value as never))
    expect(error).toBeInstanceOf(Raise)
    expect(error.code).toBe('invalid_input')
    expect(error.message).toContain(parameter)
    expect(error.message).not.toContain('secret')
  }
}
