import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type AuditEntry, AuditLog } from '#core/audit/log.ts'
import { SecurityAuditLogger } from '#core/audit/security-logger.ts'
import type { Database } from '#core/store/database.ts'
import { AuditRecord } from '#shared/model/audit.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  type: 'SIGNED_IN',
  severity: 'INFO',
  actor: 'Ada',
  subject: 'console',
  detail: {},
  ...more,
})

let database: Database
let clock: FakeClock
let audit: AuditLog

beforeEach(() => {
  database = openConsoleDatabase()
  clock = new FakeClock('2026-11-21T14:59:07.123Z')
  audit = new AuditLog({ database, clock })
})

describe('appending', () => {
  it('chains records from 32 zero bytes on, as the documentation says', () => {
    const first = audit.append(entry({ detail: { b: 2, a: 'x', c: null, d: true } }))
    const second = audit.append(entry({ type: 'SIGNED_OUT' }))
    const canonical =
      '{"actor":"Ada","detail":{"a":"x","b":2,"c":null,"d":true},"sequence":1,"severity":"INFO","subject":"console","time":"2026-11-21T14:59:07.123Z","type":"SIGNED_IN"}'
    expect(first.previousHash).toBe('0'.repeat(64))
    expect(first.hash).toBe(createHash('sha256').update(Buffer.alloc(32)).update(canonical).digest('hex'))
    expect(second).toMatchObject({ sequence: 2, previousHash: first.hash })
  })

  it('answers and announces what the contract allows', () => {
    const announced = vi.fn()
    audit.onAppended(announced)
    const record = audit.append(entry({ detail: { triesLeft: 9, reason: 'wrong PIN' } }))
    expect(AuditRecord.parse(record)).toEqual(record)
    expect(announced).toHaveBeenCalledExactlyOnceWith(record)
    expect(audit.list({ limit: 1, filter: {} }).records).toEqual([record])
  })

  it('belongs to the transaction of the act: neither without the other', () => {
    const announced = vi.fn()
    audit.onAppended(announced)
    expect(() =>
      database.transaction(() => {
        audit.append(entry())
        throw new Error('the act failed')
      }),
    ).toThrow('the act failed')
    expect(audit.list({ limit: 10, filter: {} })).toEqual({ records: [], total: 0 })
    database.transaction(() => {
      audit.append(entry())
      audit.append(entry())
      expect(announced).not.toHaveBeenCalled()
    })
    expect(announced.mock.calls).toMatchObject([[{ sequence: 1 }], [{ sequence: 2 }]])
  })

  it('stops announcing when the listener was taken back', () => {
    const announced = vi.fn()
    audit.onAppended(announced)()
    audit.append(entry())
    expect(announced).not.toHaveBeenCalled()
  })

  it('cannot be undone with SQL', () => {
    audit.append(entry())
    expect(() => database.prepare("UPDATE audit_record SET actor = 'Eve'").run()).toThrow()
    expect(() => database.prepare('DELETE FROM audit_record').run()).toThrow()
    expect(audit.list({ limit: 1, filter: {} }).records[0]?.actor).toBe('Ada')
  })

  it('refuses a number that JSON cannot hold', () => {
    expect(() => audit.append(entry({ detail: { ratio: Number.NaN } }))).toThrow(RangeError)
    expect(audit.list({ limit: 1, filter: {} }).total).toBe(0)
  })

  it('keeps an intact chain whatever text peers send', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    const units = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
      .map((codes) => String.fromCharCode(...codes))
    const anything = fc.oneof(text, units)
    database.transaction(() => {
      fc.assert(
        fc.property(
          anything,
          anything,
          fc.dictionary(anything, anything, { maxKeys: 4 }),
          (actor, subject, detail) => {
            audit.append(entry({ actor, subject, detail }))
          },
        ),
        { numRuns: 200 },
      )
    })
    expect(await audit.verify()).toMatchObject({ intact: true, records: 200 })
  })

  it('cuts texts of a peer that are longer than anybody will read', async () => {
    const record = audit.append(
      entry({ subject: 'x'.repeat(100_000), detail: { reason: '😀'.repeat(50_000) } }),
    )
    expect(record.subject).toHaveLength(2000)
    expect(String(record.detail.reason).isWellFormed()).toBe(true)
    expect(await audit.verify()).toMatchObject({ intact: true })
  })
})

describe('listing', () => {
  beforeEach(() => {
    audit.append(entry({ actor: 'Ada', detail: { note: '100% "sure"' } }))
    audit.append(
      entry({ type: 'AUTHENTICATION_FAILURE', severity: 'HIGH', actor: 'console', subject: 'chaser-001' }),
    )
    audit.append(
      entry({
        type: 'SECURITY_VIOLATION',
        severity: 'CRITICAL',
        actor: 'observer-001',
        subject: 'under_score',
      }),
    )
    audit.append(entry({ type: 'SIGNED_OUT', actor: 'Ada' }))
  })

  const sequences = (
    filter: Parameters<AuditLog['list']>[0]['filter'],
    more: { before?: number; limit?: number } = {},
  ) => {
    const { records, total } = audit.list({ limit: 10, filter, ...more })
    return [records.map(({ sequence }) => sequence), total]
  }

  it('is newest first, in pages, with the total of all pages', () => {
    expect(sequences({}, { limit: 3 })).toEqual([[4, 3, 2], 4])
    expect(sequences({}, { limit: 3, before: 2 })).toEqual([[1], 4])
  })

  it('filters by type, severity and text, also at once', () => {
    expect(sequences({ types: ['SIGNED_IN', 'SIGNED_OUT'] })).toEqual([[4, 1], 2])
    expect(sequences({ types: [] })).toEqual([[], 0])
    expect(sequences({ minimumSeverity: 'HIGH' })).toEqual([[3, 2], 2])
    expect(sequences({ text: 'CHASER' })).toEqual([[2], 1])
    expect(sequences({ types: ['SIGNED_IN', 'SIGNED_OUT'], text: 'ada' }, { before: 4 })).toEqual([[1], 2])
  })

  it('takes wildcards and quotes literally', () => {
    expect(sequences({ text: '%' })).toEqual([[1], 1])
    expect(sequences({ text: '_score' })).toEqual([[3], 1])
    expect(sequences({ text: '"sure"' })).toEqual([[1], 1])
    expect(sequences({ text: '\\' })).toEqual([[], 0])
    expect(sequences({ text: "' OR 1=1 --" })).toEqual([[], 0])
  })
})

describe('the logger of the spec', () => {
  it('writes its three events with its severities', () => {
    const logger = new SecurityAuditLogger(audit)
    expect(logger.logAuthenticationFailure('target-station', 'chaser-001', 'bad signature')).toMatchObject({
      type: 'AUTHENTICATION_FAILURE',
      severity: 'HIGH',
      actor: 'target-station',
      subject: 'chaser-001',
      detail: { reason: 'bad signature' },
    })
    expect(logger.logKeyRotation('chaser-001', 'session', true)).toMatchObject({
      type: 'KEY_ROTATION',
      severity: 'MEDIUM',
      detail: { success: true },
    })
    expect(logger.logSecurityViolation('observer-001', 'replay', { sequence: 7 })).toMatchObject({
      type: 'SECURITY_VIOLATION',
      severity: 'CRITICAL',
      detail: { sequence: 7 },
    })
  })
})
