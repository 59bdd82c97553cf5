import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

interface Range {
  next: number
  last: number
}

/**
 * Sequence numbers towards each peer. They start at 1 and never repeat, whatever happens to the process: a block is
 * reserved on the disk before the first number of it is handed out, and what is left of it after a crash is skipped.
 */
export class SequenceCounters {
  readonly #database: Database
  readonly #block: number
  readonly #ranges = new Map<string, Range>()
  readonly #reserve: Statement<[peer: string, block: number, block: number], { reserved: number }>

  /** `block` is how many numbers one write to the disk reserves. The table `sequence_counter` must exist. */
  constructor({ database, block = 1024 }: { readonly database: Database; readonly block?: number }) {
    if (!Number.isSafeInteger(block) || block < 1) throw new RangeError('a block has at least one number')
    this.#database = database
    this.#block = block
    this.#reserve = database.prepare(
      `INSERT INTO sequence_counter (peer, reserved) VALUES (?, ?)
       ON CONFLICT (peer) DO UPDATE SET reserved = reserved + ? RETURNING reserved`,
    )
  }

  /**
   * The next number towards `peer`. Not inside a transaction: a reservation that is rolled back after its numbers were
   * used would hand them out again.
   * @throws SecurityException `storage_full` or `storage_read_only` where a block cannot be reserved; no number is used.
   */
  next(peer: string): number {
    if (this.#database.inTransaction)
      throw new TypeError('a sequence number is not taken inside a transaction')
    const range = this.#ranges.get(peer)
    if (range && range.next <= range.last) return range.next++
    const reserved = this.#reserveBlock(peer)
    const first = reserved - this.#block + 1
    this.#ranges.set(peer, { next: first + 1, last: reserved })
    return first
  }

  #reserveBlock(peer: string): number {
    const row = this.#database.transaction(() => this.#reserve.get(peer, this.#block, this.#block))
    if (!row) throw new TypeError('the reservation returned no row')
    return row.reserved
  }
}
