import type { Severity } from '#shared/model/primitives.ts'
import type { RefusalVerdict, TrafficEntry } from '#shared/model/session.ts'
import type { AuditBursts } from '../audit/burst.ts'
import type { AuditLog } from '../audit/log.ts'
import { Emitter } from '../emitter.ts'
import type { Database } from '../store/database.ts'

/** Entries that the screen shows. */
const shown = 500
/** From this priority on an accepted message has an audit record of its own; lower ones share one per report. */
const singlePriority = 3
/** At most so many records of their own per report; the others share one. */
const singlesPerReport = 20

/** How grave a verdict is: HIGH points to an attack; LOW is what a restart of either side brings about. */
const severities: Record<RefusalVerdict, Severity> = {
  duplicate: 'HIGH',
  bad_tag: 'HIGH',
  revoked_peer: 'HIGH',
  wrong_recipient: 'HIGH',
  malformed: 'MEDIUM',
  too_old: 'MEDIUM',
  too_far_ahead: 'MEDIUM',
  stale: 'MEDIUM',
  from_the_future: 'MEDIUM',
  unknown_key_version: 'MEDIUM',
  unknown_session: 'LOW',
}
/** Verdicts about frames that belong to no session that is known. */
const sessionless: ReadonlySet<RefusalVerdict> = new Set(['malformed', 'unknown_session', 'revoked_peer'])

/** What became of messages: kept for the screen, and recorded for proof. Contents never come here. */
export class TrafficDesk {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #bursts: AuditBursts
  readonly #sessionKnown: (sessionId: string, one: string, other: string) => boolean
  readonly #isEnrolled: (agentId: string) => boolean
  readonly #events = new Emitter<{ entry: TrafficEntry }>()
  #entries: TrafficEntry[] = []

  constructor(options: {
    database: Database
    audit: AuditLog
    bursts: AuditBursts
    /** Whether these two have, or had, this session. */
    sessionKnown: (sessionId: string, one: string, other: string) => boolean
    isEnrolled: (agentId: string) => boolean
  }) {
    this.#sessionKnown = options.sessionKnown
    this.#isEnrolled = options.isEnrolled
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

  /**
   * Takes what `observer` accepted and refused. It is the observer's word, and recorded as its act; entries in another's
   * name, of sessions that are not known, or from names that are not enrolled are not taken.
   */
  take(observer: string, entries: readonly TrafficEntry[]): void {
    const own = entries.filter((entry) => this.#isCredible(observer, entry))
    if (own.length === 0) return
    this.#database.transaction(() => {
      for (const entry of own) if (entry.verdict !== null) this.#recordRefusal(entry, entry.verdict)
      const accepted = own.filter((entry) => entry.verdict === null)
      const single = new Set(
        accepted.filter((entry) => entry.priority >= singlePriority).slice(0, singlesPerReport),
      )
      for (const entry of single) this.#recordAccepted(entry)
      this.#recordRoutine(
        observer,
        accepted.filter((entry) => !single.has(entry)),
      )
      this.#database.afterCommit(() => this.#show(own))
    })
  }

  #isCredible(observer: string, entry: TrafficEntry): boolean {
    if (entry.observer !== observer || entry.recipient !== observer || !this.#isEnrolled(entry.sender))
      return false
    if (entry.verdict !== null && sessionless.has(entry.verdict)) return true
    return this.#sessionKnown(entry.sessionId, entry.sender, observer)
  }

  #show(entries: readonly TrafficEntry[]): void {
    this.#entries = [...entries.toReversed(), ...this.#entries].slice(0, shown)
    for (const entry of entries) this.#events.emit('entry', entry)
  }

  #recordRefusal(entry: TrafficEntry, verdict: RefusalVerdict): void {
    this.#bursts.record(`${verdict} ${entry.sender} ${entry.recipient}`, {
      type: 'MESSAGE_REFUSED',
      severity: severities[verdict],
      actor: entry.observer,
      subject: entry.sender,
      detail: { verdict, ...envelope(entry) },
    })
  }

  #recordAccepted(entry: TrafficEntry): void {
    this.#audit.append({
      type: 'MESSAGE_ACCEPTED',
      severity: 'INFO',
      actor: entry.observer,
      subject: entry.sender,
      detail: envelope(entry),
    })
  }

  #recordRoutine(observer: string, entries: readonly TrafficEntry[]): void {
    for (const [sender, group] of Map.groupBy(entries, (entry) => entry.sender)) {
      this.#audit.append({
        type: 'MESSAGE_ACCEPTED',
        severity: 'INFO',
        actor: observer,
        subject: sender,
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
