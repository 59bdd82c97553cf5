import { describe, expect, test } from 'vitest'
import { EncryptionError } from '#core/errors.ts'
import {
  Disagreement,
  type Expectation,
  judge,
  type Outcome,
  Refusal,
} from '../../../electron/cli/conformance/case.ts'

const answers = {
  agrees: () => undefined,
  refuses: () => {
    throw new EncryptionError('invalid_input', 'no')
  },
  'verifies as false': () => {
    throw new Refusal('no')
  },
  differs: () => {
    throw new Disagreement('another answer')
  },
  crashes: () => {
    throw new TypeError('undefined is not a function')
  },
} satisfies Record<string, () => void>
type Answer = keyof typeof answers

const judged = (expected: Expectation, answer: Answer, excuse: string | null = null): Promise<Outcome> =>
  judge({ id: 1, comment: '', expected, excuse, run: answers[answer] })

describe('a case', () => {
  test.each<[Expectation, Answer, Outcome['kind']]>([
    ['valid', 'agrees', 'passed'],
    ['valid', 'refuses', 'failed'],
    ['valid', 'verifies as false', 'failed'],
    ['valid', 'differs', 'failed'],
    ['valid', 'crashes', 'failed'],
    ['invalid', 'agrees', 'failed'],
    ['invalid', 'refuses', 'passed'],
    ['invalid', 'verifies as false', 'passed'],
    ['invalid', 'differs', 'failed'],
    ['invalid', 'crashes', 'failed'],
    ['acceptable', 'agrees', 'acceptable'],
    ['acceptable', 'refuses', 'acceptable'],
    ['acceptable', 'differs', 'failed'],
    ['acceptable', 'crashes', 'failed'],
  ])('that is %s, where the engine %s: %s', async (expected, answer, kind) => {
    expect((await judged(expected, answer)).kind).toBe(kind)
  })

  test('tells an acceptance from a refusal where both are right', async () => {
    expect(await judged('acceptable', 'agrees')).toEqual({ kind: 'acceptable', refused: false })
    expect(await judged('acceptable', 'refuses')).toEqual({ kind: 'acceptable', refused: true })
  })

  test('an excuse covers a refusal, and neither a crash nor a wrong answer', async () => {
    expect(await judged('valid', 'refuses', 'too short')).toEqual({ kind: 'skipped', why: 'too short' })
    expect(await judged('invalid', 'refuses', 'too short')).toEqual({ kind: 'skipped', why: 'too short' })
    expect((await judged('valid', 'agrees', 'too short')).kind).toBe('passed')
    expect((await judged('invalid', 'agrees', 'too short')).kind).toBe('failed')
    expect((await judged('valid', 'crashes', 'too short')).kind).toBe('failed')
    expect((await judged('valid', 'differs', 'too short')).kind).toBe('failed')
  })

  test('says how the engine crashed', async () => {
    expect(await judged('invalid', 'crashes')).toEqual({
      kind: 'failed',
      why: 'the engine crashed: TypeError: undefined is not a function',
    })
  })
})
