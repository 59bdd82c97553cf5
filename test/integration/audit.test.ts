import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { FakeClock } from '../support/clock.ts'
import { killAfter } from '../support/crash/kill.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a process that is killed while it appends', () => {
  it('loses no acknowledged record, leaves the chain intact, and repeats no sequence number', async () => {
    const file = join(temporaryFolder(), 'console.db')
    const numbers = new Set<string>()
    for (const lines of [1, 37, 120, 250]) {
      const acknowledged = await killAfter(lines, 'append-audit.ts', file)
      const database = Database.open(file, consoleMigrations)
      const audit = new AuditLog({ database, clock: new FakeClock() })
      const records = new Map(
        database
          .prepare<[], { sequence: number; hash: Buffer }>('SELECT sequence, hash FROM audit_record')
          .all()
          .map(({ sequence, hash }) => [sequence, hash.toString('hex')]),
      )
      for (const line of acknowledged) {
        const [sequence, hash, number = ''] = line.split(' ')
        expect(records.get(Number(sequence))).toBe(hash)
        expect(numbers.has(number)).toBe(false)
        numbers.add(number)
      }
      expect(await audit.verify()).toMatchObject({ intact: true, records: records.size })
      // The act and its record are one: never one without the other.
      const acts = database.prepare<[], { total: number }>('SELECT count(*) AS total FROM rotation').get()
      expect(acts?.total).toBe(records.size)
      database.close()
    }
  })
})
