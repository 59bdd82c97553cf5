import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxForwardJump, ReplayWindow } from '#core/session/replay-window.ts'

/** The same rules with every accepted number kept for ever. */
class NaiveWindow {
  readonly #accepted = new Set<number>()
  readonly #size: number
  readonly #first: number
  highest: number

  constructor(size: number, first: number) {
    this.#size = size
    this.#first = first
    this.highest = first - 1
  }

  check(sequence: number): string | null {
    if (sequence > this.highest + maxForwardJump) return 'too_far_ahead'
    if (sequence < this.#first || sequence <= this.highest - this.#size) return 'too_old'
    return this.#accepted.has(sequence) ? 'duplicate' : null
  }

  accept(sequence: number): void {
    this.#accepted.add(sequence)
    this.highest = Math.max(this.highest, sequence)
  }
}

/** Numbers as a distance from the highest: around it, around the window's far edge, and jumps up to and over the limit. */
const distance = (size: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 3, arbitrary: fc.integer({ min: -size - 34, max: -size + 34 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2 * size, max: 2 * size }) },
    { weight: 1, arbitrary: fc.integer({ min: maxForwardJump - 2, max: maxForwardJump + 2 }) },
  )

const firsts = fc.constantFrom(1, 2, 31, 32, 33, 1024, 2 ** 31 - 5, 2 ** 32 - 3, 2 ** 33, 2 ** 48 + 7)

describe('the replay window', () => {
  it('decides like a set that forgets nothing, for every size, jump and wrap of the ring', () => {
    const runs = fc.integer({ min: 64, max: 8192 }).chain((size) =>
      fc.record({
        size: fc.oneof(fc.constantFrom(64, 65, 95, 96, 1024, 8192), fc.constant(size)),
        first: firsts,
        distances: fc.array(distance(size), { minLength: 1, maxLength: 200 }),
      }),
    )
    fc.assert(
      fc.property(runs, ({ size, first, distances }) => {
        const window = new ReplayWindow(size, first)
        const model = new NaiveWindow(size, first)
        for (const by of distances) {
          const sequence = Math.max(1, model.highest + by)
          const verdict = window.check(sequence)
          expect({ sequence, verdict }).toEqual({ sequence, verdict: model.check(sequence) })
          if (verdict !== null) continue
          window.accept(sequence)
          model.accept(sequence)
          expect(window.highest).toBe(model.highest)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('accepts each number of a long run once, in any order within the window', () => {
    const window = new ReplayWindow(64, 1)
    const accepted: number[] = []
    for (let block = 0; block < 100; block++) {
      for (const offset of [3, 1, 2, 0]) {
        const sequence = block * 4 + offset + 1
        expect(window.check(sequence)).toBe(null)
        window.accept(sequence)
        accepted.push(sequence)
      }
    }
    for (const sequence of accepted.slice(-64)) expect(window.check(sequence)).toBe('duplicate')
    expect(window.check(accepted.length - 64)).toBe('too_old')
  })

  it('is not moved by looking', () => {
    const window = new ReplayWindow(64, 10)
    expect(window.check(60_000)).toBe(null)
    expect(window.highest).toBe(9)
    expect(window.check(10)).toBe(null)
  })

  it('refuses numbers below the first one that the peer said it would use', () => {
    const window = new ReplayWindow(64, 1000)
    expect(window.check(999)).toBe('too_old')
    expect(window.check(1000)).toBe(null)
  })

  it('allows the longest jump and not one more, also at the largest number', () => {
    const window = new ReplayWindow(64, 1)
    expect(window.check(maxForwardJump)).toBe(null)
    expect(window.check(maxForwardJump + 1)).toBe('too_far_ahead')
    const last = new ReplayWindow(64, Number.MAX_SAFE_INTEGER)
    expect(last.check(Number.MAX_SAFE_INTEGER)).toBe(null)
    last.accept(Number.MAX_SAFE_INTEGER)
    expect(last.check(Number.MAX_SAFE_INTEGER)).toBe('duplicate')
  })
})
