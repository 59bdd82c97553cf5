import { hash, randomBytes } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import { consoleMigrations } from '#core/store/migrations.ts'
import type { Side } from './measure.ts'

/** Records in one transaction where they are written in bulk. */
export const batch = 1000

/** The record both sides write, over and over. */
export const entry = {
  type: 'MESSAGE_REFUSED',
  severity: 'MEDIUM',
  actor: 'target-station',
  subject: 'chaser-001',
  detail: { verdict: 'duplicate', sessionId: '00112233445566778899aabbccddeeff', sequenceNumber: 4711 },
} as const

/** The table of the audit log with the same values in it, but not the log: what SQLite and the disk ask for by themselves. */
export class BareLog {
  readonly #connection: Sqlite.Database
  readonly #hash = randomBytes(32)
  readonly #time = new Date().toISOString()
  readonly #detail = JSON.stringify(entry.detail)
  length = 0
  /** One record a transaction. */
  readonly single: Side
  /** `batch` records a transaction. */
  readonly inBatches: { run(count: number): void }
  /** Reads the whole table and hashes each row once. */
  readonly read: Side

  constructor(file: string) {
    const connection = new Sqlite(file)
    this.#connection = connection
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = FULL')
    for (const { sql } of consoleMigrations) connection.exec(sql)
    const insert = connection.prepare(
      `INSERT INTO audit_record (sequence, time, type, severity, actor, subject, detail, previous_hash, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    const { type, severity, actor, subject } = entry
    const write = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        this.length += 1
        insert.run(
          this.length,
          this.#time,
          type,
          severity,
          actor,
          subject,
          this.#detail,
          this.#hash,
          this.#hash,
        )
      }
    }
    const together = connection.transaction(write)
    this.single = { run: write }
    this.inBatches = {
      run(count) {
        for (let done = 0; done < count; done += batch) together(Math.min(batch, count - done))
      },
    }
    const page = connection.prepare<[number], { sequence: number; detail: string }>(
      'SELECT * FROM audit_record WHERE sequence > ? ORDER BY sequence LIMIT 500',
    )
    this.read = {
      run: (count) => {
        for (let done = 0; done < count; done += this.length) {
          for (let last = 0; last < this.length;) {
            for (const row of page.all(last)) {
              hash('sha256', row.detail, 'buffer')
              last = row.sequence
            }
          }
        }
      },
    }
  }

  close(): void {
    this.#connection.close()
  }
}
