import type { RotationEntry } from '#shared/model/session.ts'
import type { AuditLog } from '../audit/log.ts'
import { Emitter } from '../emitter.ts'
import type { Database } from '../store/database.ts'
import { RotationStore } from '../store/rotations.ts'

/** Rotations of which both sides may tell are known by this many keys. */
const remembered = 1_000
/** Entries that the screen shows. */
const shown = 200

/** Every rotation, once: on the disk and in the audit log, whoever told of it first. */
export class RotationLedger {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #store: RotationStore
  readonly #known = new Set<string>()
  readonly #events = new Emitter<{ happened: RotationEntry }>()

  constructor(options: { database: Database; audit: AuditLog }) {
    this.#database = options.database
    this.#audit = options.audit
    this.#store = new RotationStore(options.database)
    for (const entry of this.#store.newest(remembered)) this.#known.add(keyOf(entry))
  }

  /** Newest first. */
  history(): RotationEntry[] {
    return this.#store.newest(shown)
  }

  onHappened(listener: (entry: RotationEntry) => void): () => void {
    return this.#events.on('happened', listener)
  }

  /** Records a rotation of `actor`'s doing. A success that is known already is not recorded again. */
  record(entry: RotationEntry, actor: string): void {
    if (entry.outcome === 'rotated' && this.#known.has(keyOf(entry))) return
    this.#database.transaction(() => {
      this.#store.add(entry)
      this.#audit.append({
        type: 'KEY_ROTATION',
        severity: entry.outcome === 'failed' ? 'HIGH' : 'MEDIUM',
        actor,
        subject: entry.peers.join(' ↔ '),
        detail: {
          sessionId: entry.sessionId,
          keyVersion: entry.keyVersion,
          trigger: entry.trigger,
          success: entry.outcome === 'rotated',
          outcome: entry.outcome,
          note: entry.detail,
        },
      })
      this.#database.afterCommit(() => {
        this.#remember(entry)
        this.#events.emit('happened', entry)
      })
    })
  }

  #remember(entry: RotationEntry): void {
    if (entry.outcome !== 'rotated') return
    this.#known.add(keyOf(entry))
    const [oldest] = this.#known
    if (this.#known.size > remembered && oldest !== undefined) this.#known.delete(oldest)
  }
}

const keyOf = (entry: RotationEntry): string => `${entry.sessionId} ${entry.keyVersion}`
