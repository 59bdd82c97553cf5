import { describe, expect, it } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import { RotationLedger } from '#core/rotation/rotation-ledger.ts'
import type { Database } from '#core/store/database.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { idOf, rotationEntry } from '../../support/session-view.ts'

function makeLedger(database: Database = openConsoleDatabase()) {
  const audit = new AuditLog({ database, clock: new FakeClock() })
  const ledger = new RotationLedger({ database, audit })
  const records = () => audit.list({ limit: 500, filter: {} }).records.toReversed()
  return { database, ledger, records }
}

describe('the ledger of rotations', () => {
  it('keeps each rotation once, whichever side tells of it first', () => {
    const { ledger, records } = makeLedger()
    const happened: number[] = []
    ledger.onHappened(({ keyVersion }) => happened.push(keyVersion))
    ledger.record(rotationEntry(), 'chaser-001')
    ledger.record(rotationEntry({ trigger: 'operator' }), 'Ada')
    ledger.record(rotationEntry({ keyVersion: 3 }), 'chaser-001')
    expect(ledger.history().map(({ keyVersion, trigger }) => [keyVersion, trigger])).toEqual([
      [3, 'timer'],
      [2, 'timer'],
    ])
    expect(happened).toEqual([2, 3])
    expect(records()).toMatchObject([
      {
        type: 'KEY_ROTATION',
        severity: 'MEDIUM',
        actor: 'chaser-001',
        detail: { sessionId: idOf(1), keyVersion: 2, trigger: 'timer', success: true },
      },
      { type: 'KEY_ROTATION' },
    ])
  })

  it('keeps every failure, gravely, and every skip', () => {
    const { ledger, records } = makeLedger()
    for (const outcome of ['failed', 'failed', 'skipped'] as const)
      ledger.record(rotationEntry({ outcome }), 'Ada')
    expect(records().map(({ severity, detail }) => [severity, detail['outcome'], detail['success']])).toEqual(
      [
        ['HIGH', 'failed', false],
        ['HIGH', 'failed', false],
        ['MEDIUM', 'skipped', false],
      ],
    )
  })

  it('knows after a restart what it has recorded', () => {
    const { ledger, database } = makeLedger()
    ledger.record(rotationEntry(), 'chaser-001')
    const again = makeLedger(database)
    again.ledger.record(rotationEntry(), 'target-station')
    expect(again.ledger.history()).toHaveLength(1)
  })

  it('records a rotation that the disk refused when it is told of it again', () => {
    const { ledger, database, records } = makeLedger()
    database
      .prepare("CREATE TRIGGER full BEFORE INSERT ON rotation BEGIN SELECT RAISE(FAIL, 'full'); END")
      .run()
    expect(() => ledger.record(rotationEntry(), 'chaser-001')).toThrow()
    expect(records()).toEqual([])
    database.prepare('DROP TRIGGER full').run()
    ledger.record(rotationEntry(), 'chaser-001')
    expect(ledger.history()).toHaveLength(1)
    expect(records()).toHaveLength(1)
  })
})
