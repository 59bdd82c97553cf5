import type { SecurityException } from '../errors.ts'
import type { ErrorCode } from '#shared/errors.ts'

/** No public function of the engine takes more than this at once: 64 MiB. */
export const maxInputBytes = 64 * 1024 * 1024

/** The exception of the spec that a part of the engine throws. */
export type Refusal = new (code: ErrorCode, message: string) => SecurityException

/** Least and most bytes of a parameter; both included. */
export interface ByteRange {
  readonly min?: number
  readonly max?: number
}

/** What a caller gave, for a message: its type or its length, never its content. */
export function describeGiven(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  // A number in the wrong place may be a PIN.
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number'
  if (typeof value === 'string') return `text of ${value.length} characters`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? `an object (${className(value)})` : `a ${typeof value}`
}

function className(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || typeof prototype !== 'object' || !('constructor' in prototype)) return 'Object'
  return typeof prototype.constructor === 'function' ? prototype.constructor.name : 'Object'
}

/** Builds the exception: which parameter, what is allowed, what was given. */
export function badInput(
  Raise: Refusal,
  parameter: string,
  allowed: string,
  given: unknown,
): SecurityException {
  return new Raise('invalid_input', `${parameter} must be ${allowed}; given was ${describeGiven(given)}.`)
}

/** Refuses what is not a byte array of the range; callers may be untyped. */
export function requireBytes(Raise: Refusal, parameter: string, value: unknown, range?: ByteRange): void {
  if (value instanceof Uint8Array) {
    const { byteLength } = value
    if (byteLength <= (range?.max ?? maxInputBytes) && byteLength >= (range?.min ?? 0)) return
  }
  throw badInput(Raise, parameter, describeRange(range), value)
}

function describeRange({ min = 0, max = maxInputBytes }: ByteRange = {}): string {
  if (min === max) return `a byte array of ${min} bytes`
  const most = max === maxInputBytes ? `${maxInputBytes} (64 MiB)` : String(max)
  return `a byte array of ${min} to ${most} bytes`
}

/** Refuses what is not a whole number of the range. */
export function requireInteger(
  Raise: Refusal,
  parameter: string,
  value: unknown,
  min: number,
  max: number,
): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
  const given = typeof value === 'number' ? `the number ${value}` : describeGiven(value)
  throw new Raise(
    'invalid_input',
    `${parameter} must be a whole number from ${min} to ${max}; given was ${given}.`,
  )
}

/** Refuses a name that is not one of a closed set. Short names are repeated in the message, anything else is not. */
export function requireName<Name extends string>(
  Raise: Refusal,
  parameter: string,
  value: unknown,
  names: readonly Name[],
): asserts value is Name {
  if (typeof value === 'string' && (names as readonly string[]).includes(value)) return
  const given = typeof value === 'string' && printable.test(value) ? `"${value}"` : describeGiven(value)
  throw new Raise('invalid_input', `${parameter} must be one of ${names.join(', ')}; given was ${given}.`)
}

const printable = /^[A-Za-z0-9 ._+/-]{1,32}$/

/** Refuses what is not text of at most `max` characters. */
export function requireText(
  Raise: Refusal,
  parameter: string,
  value: unknown,
  max = 65_536,
): asserts value is string {
  if (typeof value === 'string' && value.length <= max) return
  throw badInput(Raise, parameter, `text of at most ${max} characters`, value)
}

/** Refuses what is not an object of options. */
export function requireObject(Raise: Refusal, parameter: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw badInput(Raise, parameter, 'an object', value)
}
