import { describe, expect, it } from 'vitest'
import { SourceCounts, SourceRates, TokenBucket } from '#core/link/rate-limit.ts'
import { FakeClock } from '../../support/clock.ts'

describe('TokenBucket', () => {
  it('grants the burst at once, then the rate', () => {
    const clock = new FakeClock()
    const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, clock)
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false])
    clock.advance(499)
    expect(bucket.take()).toBe(false)
    clock.advance(1)
    expect(bucket.take()).toBe(true)
    clock.advance(60_000)
    expect(bucket.full).toBe(true)
    expect(bucket.take(4)).toBe(false)
    expect(bucket.take(3)).toBe(true)
  })

  it('takes nothing when there is not enough', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 10 }, new FakeClock())
    expect(bucket.take(11)).toBe(false)
    expect(bucket.take(10)).toBe(true)
  })

  it('survives a clock that is set back', () => {
    let now = 1_000_000
    const bucket = new TokenBucket(
      { perSecond: 1, burst: 1 },
      { now: () => now, after: () => () => undefined },
    )
    expect(bucket.take()).toBe(true)
    now = 0
    expect(bucket.take()).toBe(false)
    now = 1000
    expect(bucket.take()).toBe(true)
  })
})

describe('SourceRates', () => {
  it('keeps sources apart', () => {
    const rates = new SourceRates({ perSecond: 1, burst: 1 }, new FakeClock())
    expect(rates.take('192.0.2.1')).toBe(true)
    expect(rates.take('192.0.2.1')).toBe(false)
    expect(rates.take('192.0.2.2')).toBe(true)
  })

  it('stays bounded under a flood of sources, and forgets the recovered before the busy', () => {
    const clock = new FakeClock()
    const rates = new SourceRates({ perSecond: 1, burst: 1 }, clock, 10)
    for (let index = 0; index < 100; index += 1) rates.take(`192.0.2.${index}`)
    expect(rates.size).toBe(10)
    clock.advance(1000)
    rates.take('busy')
    rates.take('another')
    expect(rates.take('busy')).toBe(false)
    expect(rates.size).toBeLessThanOrEqual(10)
  })
})

describe('SourceCounts', () => {
  it('counts per source and in all, and forgets what is gone', () => {
    const counts = new SourceCounts()
    counts.add('a')
    counts.add('a')
    counts.add('b')
    expect([counts.of('a'), counts.of('b'), counts.total]).toEqual([2, 1, 3])
    counts.remove('a')
    counts.remove('a')
    expect([counts.of('a'), counts.total]).toEqual([0, 1])
  })
})
