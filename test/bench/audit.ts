import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '#core/audit/log.ts'
import { systemClock } from '#core/clock.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { BareLog, batch, entry } from './bare-log.ts'
import { compare, type Side } from './measure.ts'
import { compared, type Line, type Report } from './report.ts'

const lengths = [1000, 10_000, 100_000]

const bareTable = 'better-sqlite3 with the same table (WAL, synchronous FULL), no hashes'
const bareScan = 'reading the same table and one SHA-256 a row'

/** Appending to the audit log on a real file, and what its length costs. */
export async function benchAudit(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'groundlock-bench-'))
  try {
    await benchAppend(folder, report)
    await benchGrowth(folder, report)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchAppend(folder: string, report: Report): Promise<void> {
  const { database, log } = openLog(join(folder, 'ours.db'))
  const bare = new BareLog(join(folder, 'bare.db'))
  const one = { time: 'wall', rounds: 15, milliseconds: 150, least: 20 } as const
  const many = { time: 'processor', rounds: 9, milliseconds: 80, least: batch } as const
  report(
    compared(
      'audit',
      'one a commit',
      bareTable,
      'records appended a second',
      await compare(single(log), bare.single, one),
    ),
  )
  report(
    compared(
      'audit batches',
      `${batch} a commit`,
      bareTable,
      'records appended a CPU second',
      await compare(inBatches(database, log), bare.inBatches, many),
    ),
  )
  database.close()
  bare.close()
}

/** Appending single records to, and verifying, logs of 1, 10 and 100 times the length. */
async function benchGrowth(folder: string, report: Report): Promise<void> {
  const { database, log } = openLog(join(folder, 'growing.db'))
  const bare = new BareLog(join(folder, 'growing-bare.db'))
  const verifying: Line[] = []
  for (const length of lengths) {
    const have = database.prepare<[], { most: number | null }>(
      'SELECT max(sequence) AS most FROM audit_record',
    )
    fill(database, log, length - (have.get()?.most ?? 0))
    bare.inBatches.run(length - bare.length)
    const verify = await compare(whole(log, length), bare.read, {
      time: 'processor',
      rounds: 5,
      milliseconds: 100,
      least: length,
    })
    verifying.push(
      compared('audit verification', `of ${length}`, bareScan, 'records verified a CPU second', verify),
    )
    const append = await compare(single(log), bare.single, {
      time: 'wall',
      rounds: 9,
      milliseconds: 50,
      least: 20,
    })
    report(
      compared(
        'audit growth',
        `one a commit, after ${length}`,
        bareTable,
        'records appended a second',
        append,
      ),
    )
  }
  for (const line of verifying) report(line)
  database.close()
  bare.close()
}

function openLog(file: string): { database: Database; log: AuditLog } {
  const database = Database.open(file, consoleMigrations)
  return { database, log: new AuditLog({ database, clock: systemClock }) }
}

const single = (log: AuditLog): Side => ({
  run(count) {
    for (let index = 0; index < count; index += 1) log.append(entry)
  },
})

const inBatches = (database: Database, log: AuditLog): Side => ({
  run: (count) => fill(database, log, count),
})

/** Appends `count` records, `batch` in a transaction. */
function fill(database: Database, log: AuditLog, count: number): void {
  for (let done = 0; done < count; done += batch) {
    database.transaction(() => {
      for (let index = done; index < Math.min(done + batch, count); index += 1) log.append(entry)
    })
  }
}

/** Verifies the log as a whole; the rate is that of its records. */
const whole = (log: AuditLog, length: number): Side => ({
  async run(count) {
    for (let done = 0; done < count; done += length) {
      if (!(await log.verify()).intact) throw new Error('the chain is broken')
    }
  },
})
