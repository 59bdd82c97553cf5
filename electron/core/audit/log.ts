import type { AuditFilter, AuditRecord } from '#shared/model/audit.ts'
import type { AuditVerification } from '#shared/model/console.ts'
import { type Clock, isoTime } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Database, Statement } from '../store/database.ts'
import {
  type AuditEntry,
  type AuditRow,
  auditText,
  canonicalDetail,
  chainStart,
  recordHash,
  toRecord,
} from './record.ts'
import { AuditSearch } from './search.ts'
import { type ChainHead, verifyChain } from './verification.ts'

export type { AuditDetail, AuditEntry } from './record.ts'

type Values = [
  sequence: number,
  time: string,
  type: string,
  severity: string,
  actor: string,
  subject: string,
  detail: string,
  previousHash: Buffer,
  hash: Buffer,
]

/**
 * The append-only, hash-chained log of security events (spec: SecurityAuditLogger). A record is appended inside the
 * transaction of the act it records, so neither is ever on the disk without the other.
 *
 * What verification finds: records that were changed, removed, put in or moved, missing first records, and a tail
 * that was cut or a chain that was rewritten while this process runs. A tail that is cut while the console is
 * stopped leaves a shorter chain that is intact; to find it, the last sequence and hash must be kept where the
 * editor of the database cannot write, such as a checkpoint signed by the token or a copy of the log elsewhere.
 */
export class AuditLog {
  readonly #database: Database
  readonly #clock: Clock
  readonly #search: AuditSearch
  readonly #events = new Emitter<{ appended: AuditRecord }>()
  readonly #insert: Statement<Values, never>
  readonly #newest: Statement<[], ChainHead>
  /** The newest record this process knows to be on the disk. */
  #head: ChainHead
  #last: AuditVerification | null = null

  /** Reads only until the first `append`, so a read-only database will do for listing and verifying. */
  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database
    this.#clock = clock
    this.#search = new AuditSearch(database)
    this.#insert = database.prepare(
      `INSERT INTO audit_record (sequence, time, type, severity, actor, subject, detail, previous_hash, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#newest = database.prepare('SELECT sequence, hash FROM audit_record ORDER BY sequence DESC LIMIT 1')
    this.#head = this.#readHead()
  }

  /** The last verification since the start, null before the first. */
  get last(): AuditVerification | null {
    return this.#last
  }

  /**
   * Appends a record, in the caller's transaction if there is one. It is durable when that transaction returns and
   * announced then.
   * @throws SecurityException `storage_full`, `storage_read_only`: the act must not be carried out either.
   */
  append(entry: AuditEntry): AuditRecord {
    return this.#database.transaction(() => {
      const row = this.#next(entry)
      this.#insert.run(
        row.sequence,
        row.time,
        row.type,
        row.severity,
        row.actor,
        row.subject,
        row.detail,
        row.previous_hash,
        row.hash,
      )
      const record = toRecord(row)
      this.#database.afterCommit(() => {
        this.#head = { sequence: row.sequence, hash: row.hash }
        this.#events.emit('appended', record)
      })
      return record
    })
  }

  /** Calls `listener` with each record once it is on the disk; the returned function takes it back. */
  onAppended(listener: (record: AuditRecord) => void): () => void {
    return this.#events.on('appended', listener)
  }

  /** Records that pass `filter`, newest first, below sequence `before`; `total` counts all that pass. */
  list(query: {
    readonly before?: number | undefined
    readonly limit: number
    readonly filter: AuditFilter
  }): {
    readonly records: AuditRecord[]
    readonly total: number
  } {
    return this.#search.list(query)
  }

  /**
   * Recomputes the chain from the first record. Works in pieces, so the process goes on serving.
   * @throws the signal's reason when aborted; `database_damaged` where SQLite cannot read the records.
   */
  async verify({ signal }: { readonly signal?: AbortSignal } = {}): Promise<AuditVerification> {
    const outcome = await verifyChain(this.#database, () => this.#head, signal)
    this.#last = { ...outcome, verifiedAt: isoTime(this.#clock.now()) }
    return this.#last
  }

  #next(entry: AuditEntry): AuditRow {
    const previous = this.#readHead()
    const unhashed = {
      sequence: previous.sequence + 1,
      time: isoTime(this.#clock.now()),
      type: entry.type,
      severity: entry.severity,
      actor: auditText(entry.actor),
      subject: auditText(entry.subject),
      detail: canonicalDetail(entry.detail),
      previous_hash: previous.hash,
    }
    return { ...unhashed, hash: recordHash(unhashed) }
  }

  #readHead(): ChainHead {
    return this.#newest.get() ?? { sequence: 0, hash: chainStart }
  }
}
