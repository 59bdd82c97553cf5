import type { Severity } from '#shared/model/primitives.ts'
import type { RefusalVerdict, TrafficEntry } from '#shared/model/session.ts'
import type { AuditBursts } from '../audit/burst.ts'
import type { AuditLog } from '../audit/log.ts'
import { Emitter } from '../emitter.ts'
import type { Database } from '../store/database.ts'

/** Entries that the screen shows. */
const shown = 500
/** From this priority on every accepted message has an audit record of its own; lower ones share one per report. */
const singlePriority = 3

/** Verdicts that point to an attack rather than to a late or lost message. */
const grave: ReadonlySet<RefusalVerdict> = new Set([
  'duplicate',
  'bad_tag',
  'revoked_peer',
  'wrong_recipient',
])
const severityOf = (verdict: RefusalVerdict): Severity => (grave.has(verdict) ? 'HIGH' : 'MEDIUM')

/** What became of messages: kept for the screen, and recorded for proof. Contents never come here. */
export class TrafficDesk {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #bursts: AuditBursts
  readonly #events = new Emitter<{ entry: TrafficEntry }>()
  #entries: TrafficEntry[] = []

  constructor(options: { database: Database; audit: AuditLog; bursts: AuditBursts }) {
    this.#database = options.database
    this.#audit = options.audit
    this.#bursts = options.bursts
  }

  /** Newest first. */
  list(): TrafficEntry[] {
    return this.#entries
  }

  onEntry(listener: (entry: TrafficEntry) => void): () => void {
    return this.#events.on('entry', listener)
  }

  /** Takes what `observer` accepted and refused; entries in another's name are not taken. */
  take(observer: string, entries: readonly TrafficEntry[]): void {
    const own = entries.filter((entry) => entry.observer === observer && entry.recipient === observer)
    if (own.length === 0) return
    this.#database.transaction(() => {
      for (const entry of own) if (entry.verdict !== null) this.#recordRefusal(entry, entry.verdict)
      const accepted = own.filter((entry) => entry.verdict === null)
      for (const entry of accepted) if (entry.priority >= singlePriority) this.#recordAccepted(entry)
      this.#recordRoutine(
        observer,
        accepted.filter((entry) => entry.priority < singlePriority),
      )
    })
    this.#entries = [...own.toReversed(), ...this.#entries].slice(0, shown)
    for (const entry of own) this.#events.emit('entry', entry)
  }

  #recordRefusal(entry: TrafficEntry, verdict: RefusalVerdict): void {
    this.#bursts.record(`${verdict} ${entry.sender} ${entry.recipient}`, {
      type: 'MESSAGE_REFUSED',
      severity: severityOf(verdict),
      actor: entry.sender,
      subject: entry.recipient,
      detail: { verdict, ...envelope(entry) },
    })
  }

  #recordAccepted(entry: TrafficEntry): void {
    this.#audit.append({
      type: 'MESSAGE_ACCEPTED',
      severity: 'INFO',
      actor: entry.sender,
      subject: entry.recipient,
      detail: envelope(entry),
    })
  }

  #recordRoutine(observer: string, entries: readonly TrafficEntry[]): void {
    for (const [sender, group] of Map.groupBy(entries, (entry) => entry.sender)) {
      this.#audit.append({
        type: 'MESSAGE_ACCEPTED',
        severity: 'INFO',
        actor: sender,
        subject: observer,
        detail: { routineMessages: group.length, bytes: group.reduce((sum, entry) => sum + entry.bytes, 0) },
      })
    }
  }
}

const envelope = (entry: TrafficEntry) => ({
  messageType: entry.messageType,
  priority: entry.priority,
  sequence: entry.sequence,
  keyVersion: entry.keyVersion,
  sessionId: entry.sessionId,
  bytes: entry.bytes,
})
