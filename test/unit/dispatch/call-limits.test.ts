import { describe, expect, test } from 'vitest'
import { CallLimits } from '#core/dispatch/call-limits.ts'
import { FakeClock } from '../../support/clock.ts'

const budget = { burst: 3, perSecond: 2, inFlight: 2 }

function limits(): { clock: FakeClock; limits: CallLimits; spend: (peer: string, calls: number) => number } {
  const clock = new FakeClock()
  const made = new CallLimits(clock, budget)
  /** How many of `calls` calls, each ended at once, had room. */
  const spend = (peer: string, calls: number): number => {
    let taken = 0
    for (let call = 0; call < calls; call++) {
      const end = made.begin(peer)
      if (end === null) continue
      end()
      taken += 1
    }
    return taken
  }
  return { clock, limits: made, spend }
}

describe('call limits', () => {
  test('allow the burst, then what time gives back, never more than the burst', () => {
    const { clock, spend } = limits()
    expect(spend('a', 10)).toBe(3)
    clock.advance(500)
    expect(spend('a', 10)).toBe(1)
    clock.advance(3_600_000)
    expect(spend('a', 10)).toBe(3)
  })

  test('count each peer by itself', () => {
    const { spend } = limits()
    expect(spend('a', 10)).toBe(3)
    expect(spend('b', 10)).toBe(3)
  })

  test('hold back calls while too many are unanswered', () => {
    const { limits: made } = limits()
    const end = made.begin('a')
    made.begin('a')
    expect(made.begin('a')).toBeNull()
    end?.()
    expect(made.begin('a')).not.toBeNull()
  })

  test('give nothing for a clock that was set back', () => {
    const { clock, spend } = limits()
    expect(spend('a', 10)).toBe(3)
    clock.advance(-60_000)
    expect(spend('a', 10)).toBe(0)
  })

  test('still hold back a peer whose budget is spent after many others came', () => {
    const { spend } = limits()
    expect(spend('a', 10)).toBe(3)
    for (let peer = 0; peer < 500; peer++) spend(`peer-${peer}`, 1)
    expect(spend('a', 10)).toBe(0)
  })
})
