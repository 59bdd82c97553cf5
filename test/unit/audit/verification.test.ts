import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import type { Database } from '#core/store/database.ts'
import { AuditRecord } from '#shared/model/audit.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase, tamper } from '../../support/console-database.ts'

let database: Database
let audit: AuditLog

const append = (log: AuditLog, count: number): void => {
  for (let index = 0; index < count; index += 1) {
    log.append({
      type: 'MESSAGE_ACCEPTED',
      severity: 'INFO',
      actor: 'chaser-001',
      subject: 'target-station',
      detail: { index },
    })
  }
}

beforeEach(() => {
  database = openConsoleDatabase()
  audit = new AuditLog({ database, clock: new FakeClock() })
  append(audit, 6)
})

/** A second process, or the same after a restart: it knows nothing but the file. */
const restarted = (): AuditLog => new AuditLog({ database, clock: new FakeClock() })

describe('verification', () => {
  it('finds an intact chain, also an empty one, and remembers', async () => {
    expect(audit.last).toBeNull()
    const found = await audit.verify()
    expect(found).toEqual({
      intact: true,
      records: 6,
      verifiedAt: '2026-11-21T00:00:00.000Z',
      firstBad: null,
      problem: null,
    })
    expect(audit.last).toEqual(found)
    const empty = new AuditLog({ database: openConsoleDatabase(), clock: new FakeClock() })
    expect(await empty.verify()).toMatchObject({ intact: true, records: 0 })
  })

  it.each([
    ['actor', "SET actor = 'Eve' WHERE sequence = 3"],
    ['subject', "SET subject = 'x' WHERE sequence = 3"],
    ['time', "SET time = '2026-11-21T00:00:00.001Z' WHERE sequence = 3"],
    ['type', "SET type = 'SIGNED_IN' WHERE sequence = 3"],
    ['severity', "SET severity = 'LOW' WHERE sequence = 3"],
    ['detail', 'SET detail = \'{"index":9}\' WHERE sequence = 3'],
    ['detail by one blank', 'SET detail = \'{"index": 2}\' WHERE sequence = 3'],
    ['hash', 'SET hash = zeroblob(32) WHERE sequence = 3'],
    ['previous hash', 'SET previous_hash = zeroblob(32) WHERE sequence = 3'],
  ])('names a record whose %s was edited', async (_, change) => {
    tamper(database, `UPDATE audit_record ${change}`)
    for (const log of [audit, restarted()]) {
      expect(await log.verify()).toMatchObject({
        intact: false,
        records: 2,
        firstBad: 3,
        problem: expect.stringContaining('Record 3 was changed') as string,
      })
    }
  })

  it('names the record after one that was forged with a fitting hash', async () => {
    const row = audit.list({ limit: 1, before: 4, filter: {} }).records[0]!
    const text = `{"actor":"Eve","detail":{"index":2},"sequence":3,"severity":"INFO","subject":"target-station","time":"${row.time}","type":"MESSAGE_ACCEPTED"}`
    const hash = createHash('sha256').update(Buffer.from(row.previousHash, 'hex')).update(text).digest('hex')
    tamper(database, `UPDATE audit_record SET actor = 'Eve', hash = x'${hash}' WHERE sequence = 3`)
    expect(await restarted().verify()).toMatchObject({
      intact: false,
      firstBad: 4,
      problem: expect.stringContaining('does not follow record 3') as string,
    })
  })

  it('names what was removed from the middle and from the start', async () => {
    tamper(database, 'DELETE FROM audit_record WHERE sequence IN (3, 4)')
    expect(await restarted().verify()).toMatchObject({
      intact: false,
      firstBad: 3,
      problem: 'Records 3 to 4 are missing.',
    })
    tamper(database, 'DELETE FROM audit_record WHERE sequence = 1')
    expect(await restarted().verify()).toMatchObject({
      intact: false,
      firstBad: 1,
      problem: 'Record 1 is missing.',
    })
  })

  it('finds records that changed places', async () => {
    tamper(database, 'UPDATE audit_record SET sequence = 100 WHERE sequence = 2')
    tamper(database, 'UPDATE audit_record SET sequence = 2 WHERE sequence = 5')
    tamper(database, 'UPDATE audit_record SET sequence = 5 WHERE sequence = 100')
    expect(await restarted().verify()).toMatchObject({ intact: false, firstBad: 2 })
  })

  it('finds a record that was put in, and one that was numbered below the first', async () => {
    tamper(
      database,
      `INSERT INTO audit_record SELECT 7, time, type, severity, actor, subject, detail, previous_hash, hash FROM audit_record WHERE sequence = 6`,
    )
    expect(await restarted().verify()).toMatchObject({ intact: false, firstBad: 7 })
  })

  it('finds a tail that was cut while the process runs', async () => {
    tamper(database, 'DELETE FROM audit_record WHERE sequence > 4')
    expect(await audit.verify()).toMatchObject({
      intact: false,
      records: 4,
      firstBad: 5,
      problem: expect.stringContaining('from 5 on were removed') as string,
    })
  })

  it('finds a chain that was written anew while the process runs', async () => {
    tamper(database, 'DELETE FROM audit_record')
    const forger = new AuditLog({ database, clock: new FakeClock('2020-01-01T00:00:00.000Z') })
    append(forger, 8)
    expect(await audit.verify()).toMatchObject({ intact: false, firstBad: 6 })
  })

  it('accepts records that are appended while it walks, and lets others work meanwhile', async () => {
    // One transaction, because 1500 of them would wait for the disk 1500 times.
    database.transaction(() => append(audit, 1500))
    const running = audit.verify()
    append(audit, 3)
    expect(await running).toMatchObject({ intact: true, records: 1509 })
  })

  it('can be aborted', async () => {
    await expect(audit.verify({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
    expect(audit.last).toBeNull()
  })

  it('does not let an edited record hide the others from the list', () => {
    tamper(database, "UPDATE audit_record SET detail = 'not json', time = 'noon' WHERE sequence = 5")
    tamper(database, "UPDATE audit_record SET type = 'INVENTED' WHERE sequence = 6")
    const { records } = audit.list({ limit: 10, filter: {} })
    expect(records.map((record) => AuditRecord.parse(record).sequence)).toEqual([6, 5, 4, 3, 2, 1])
    expect(records[0]).toMatchObject({
      severity: 'CRITICAL',
      detail: { problem: expect.stringContaining('edited') as string },
    })
  })
})
