import { beforeEach, describe, expect, it, vi } from 'vitest'
import { AuditBursts } from '#core/audit/burst.ts'
import { type AuditEntry, AuditLog } from '#core/audit/log.ts'
import { SecurityException } from '#core/errors.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'

const entry = (size: number): AuditEntry => ({
  type: 'FRAME_REFUSED',
  severity: 'MEDIUM',
  actor: 'chaser-001',
  subject: 'gateway',
  detail: { size },
})

let clock: FakeClock
let audit: AuditLog
let bursts: AuditBursts

const details = (): unknown[] =>
  audit
    .list({ limit: 100, filter: {} })
    .records.map(({ detail }) => detail)
    .reverse()

beforeEach(() => {
  clock = new FakeClock()
  audit = new AuditLog({ database: openConsoleDatabase(), clock })
  bursts = new AuditBursts({ audit, clock, windowMilliseconds: 60_000, maximumKeys: 3 })
})

describe('bursts', () => {
  it('write the first at once and the repeats as one record when the window ends', () => {
    for (const size of [1, 2, 3]) bursts.record('a', entry(size))
    expect(details()).toEqual([{ size: 1 }])
    clock.advance(60_000)
    expect(details()).toEqual([{ size: 1 }, { size: 3, repeats: 2 }])
    clock.advance(600_000)
    expect(details()).toHaveLength(2)
  })

  it('write a later event at once again', () => {
    bursts.record('a', entry(1))
    clock.advance(60_000)
    bursts.record('a', entry(2))
    expect(details()).toEqual([{ size: 1 }, { size: 2 }])
  })

  it('tell keys apart, up to a bound that an outsider cannot pass', () => {
    for (let key = 0; key < 1000; key += 1) bursts.record(`source-${key}`, entry(key))
    expect(details()).toEqual([{ size: 0 }, { size: 1 }, { size: 2 }, { size: 3 }])
    clock.advance(60_000)
    expect(details().at(-1)).toEqual({ size: 999, repeats: 996, variousSources: true })
    expect(clock.pending).toBe(0)
  })

  it('write what was counted when the console stops', () => {
    bursts.record('a', entry(1))
    bursts.record('a', entry(2))
    bursts.flush()
    expect(details()).toEqual([{ size: 1 }, { size: 2, repeats: 1 }])
    expect(clock.pending).toBe(0)
  })

  it('report a closing record that could not be written', () => {
    const onError = vi.fn()
    const failing = new AuditBursts({ audit, clock, windowMilliseconds: 10, onError })
    failing.record('a', entry(1))
    failing.record('a', entry(2))
    vi.spyOn(audit, 'append').mockImplementation(() => {
      throw new SecurityException('storage_full', 'full')
    })
    clock.advance(10)
    expect(onError).toHaveBeenCalledOnce()
  })
})
