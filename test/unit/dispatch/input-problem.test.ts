import { expect, test } from 'vitest'
import { operations, type OperationName } from '#shared/contract/operations.ts'
import { describeInputProblem } from '#core/dispatch/input-problem.ts'

function problem(name: OperationName, input: unknown): string {
  const parsed = operations[name].input.safeParse(input)
  if (parsed.success) throw new Error('the input fits')
  return describeInputProblem(parsed.error, input)
}

const authority = { algorithm: 'ECDSA-P384', commonName: 'Root', organization: 'Fleet', validYears: 10 }

test.each<[OperationName, unknown, string]>([
  ['access.signIn', {}, 'The field “pin” is missing.'],
  ['access.signIn', { pin: 5 }, 'The field “pin” must be text.'],
  ['access.signIn', { pin: '' }, 'The field “pin” must not be empty.'],
  ['access.signIn', { pin: 'x'.repeat(200) }, 'The field “pin” is longer than 128 characters.'],
  ['access.signIn', { pin: 'secret', extra: 1 }, 'The input has an unknown field “extra”.'],
  ['access.signIn', null, 'The input must be an object.'],
  [
    'authority.create',
    { ...authority, algorithm: 'RSA-512' },
    'The field “algorithm” must be one of: ECDSA-P384, RSA-4096.',
  ],
  ['authority.create', { ...authority, validYears: 99 }, 'The field “validYears” must be at most 30.'],
  ['authority.create', { ...authority, validYears: 0 }, 'The field “validYears” must be at least 1.'],
  ['authority.create', { ...authority, validYears: 1.5 }, 'The field “validYears” must be a whole number.'],
  [
    'enrolment.refuse',
    { id: '00112233445566778899aabbccddeeff', reason: 'x' },
    'The field “reason” is not acceptable: say why, in at least 3 characters.',
  ],
  [
    'audit.list',
    { limit: 1, filter: { types: ['SIGNED_IN', 'NO_SUCH'] } },
    'The field “filter.types.1” must be one of: ',
  ],
])('%s with %j is explained', (name, input, expected) => {
  expect(problem(name, input).slice(0, expected.length)).toBe(expected)
})

test('never repeats a value', () => {
  for (const input of [{ pin: ['246810'] }, { pin: 246810 }, { pin: '246810'.repeat(50) }]) {
    expect(problem('access.signIn', input)).not.toContain('246810')
  }
})

test('cuts a caller’s own field names', () => {
  expect(problem('access.signIn', { pin: 'x', ['y'.repeat(9000)]: 1 }).length).toBeLessThan(200)
})
