/**
 * Runs until it is killed: `node append-audit.ts DATABASE`. Carries out acts, each a row and its audit record in one
 * transaction, takes a sequence number, and prints `SEQUENCE HASH NUMBER` once an act is acknowledged.
 */
import { writeSync } from 'node:fs'
import { AuditLog } from '#core/audit/log.ts'
import { systemClock } from '#core/clock.ts'
import { SequenceCounters } from '#core/store/counters.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'

const [, , file = ''] = process.argv
const database = Database.open(file, consoleMigrations)
const audit = new AuditLog({ database, clock: systemClock })
const counters = new SequenceCounters({ database, block: 8 })
const act = database.prepare<[string]>('INSERT INTO rotation (entry) VALUES (?)')

for (;;) {
  const number = counters.next('chaser-001')
  const record = database.transaction(() => {
    act.run('x'.repeat(200))
    return audit.append({
      type: 'KEY_ROTATION',
      severity: 'MEDIUM',
      actor: 'chaser-001',
      subject: 'session',
      detail: { number },
    })
  })
  writeSync(1, `${record.sequence} ${record.hash} ${number}\n`)
}
