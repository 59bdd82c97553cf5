import type { SessionView } from '#shared/model/session.ts'
import type { AuditLog } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Database } from '../store/database.ts'
import { SessionStore } from '../store/sessions.ts'

/** Changes of one session within this many milliseconds are announced once. */
const announceMilliseconds = 200
/** Closed sessions that are still shown. */
const closedShown = 50

/** A session as each side that told of it sees it. */
interface Known {
  readonly views: Map<string, SessionView>
  merged: SessionView
}

interface SessionBoardOptions {
  readonly database: Database
  readonly audit: AuditLog
  readonly clock: Clock
  readonly consoleAgent: string
  readonly isEnrolled: (agentId: string) => boolean
}

/**
 * Every session of the fleet as the console knows it: its own from its protocol, those between agents from their
 * reports. What matters for proof (established, rotated, closed) is on the disk; counts in between are not.
 */
export class SessionBoard {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #consoleAgent: string
  readonly #isEnrolled: (agentId: string) => boolean
  readonly #store: SessionStore
  readonly #open = new Map<string, Known>()
  readonly #events = new Emitter<{ changed: SessionView }>()
  readonly #announcing = new Set<string>()
  #closed: SessionView[] = []

  constructor(options: SessionBoardOptions) {
    this.#database = options.database
    this.#audit = options.audit
    this.#clock = options.clock
    this.#consoleAgent = options.consoleAgent
    this.#isEnrolled = options.isEnrolled
    this.#store = new SessionStore(options.database)
    this.reload()
  }

  /** Takes the state on the disk, after a transaction that was to change it failed. */
  reload(): void {
    this.#open.clear()
    for (const view of this.#store.open()) this.#open.set(view.sessionId, { views: new Map(), merged: view })
    this.#closed = this.#store.recentlyClosed(closedShown)
  }

  /** The console's own sessions ended with the process that held their keys. Called once at the start. */
  closeLost(): void {
    for (const { merged } of [...this.#open.values()]) {
      if (merged.initiator === this.#consoleAgent || merged.responder === this.#consoleAgent) {
        this.#close(merged, 'the console was restarted')
      }
    }
  }

  /** Open sessions, then those closed last. */
  list(): SessionView[] {
    return [...this.#open.values()].map(({ merged }) => merged).concat(this.#closed)
  }

  openSessions(): SessionView[] {
    return [...this.#open.values()].map(({ merged }) => merged)
  }

  find(sessionId: string): SessionView | null {
    return this.#open.get(sessionId)?.merged ?? null
  }

  /** How many open sessions an agent has. */
  count(agentId: string): number {
    return this.openSessions().filter(
      ({ initiator, responder }) => initiator === agentId || responder === agentId,
    ).length
  }

  onChanged(listener: (view: SessionView) => void): () => void {
    return this.#events.on('changed', listener)
  }

  /** Whether these two have, or had, this session. */
  knows(sessionId: string, one: string, other: string): boolean {
    const view = this.#open.get(sessionId)?.merged ?? this.#store.read(sessionId)
    return view !== null && samePeers(view, { initiator: one, responder: other })
  }

  /**
   * Takes what `observer`, one of the session's two sides, tells. Others' words about a session are not taken, nor an
   * agent's about a session with the console, which knows its own.
   */
  update(observer: string, view: SessionView): void {
    if (!this.#mayTell(observer, view)) return
    const known = this.#open.get(view.sessionId)
    if (known === undefined) {
      if (view.state !== 'closed' && this.#store.read(view.sessionId) === null) this.#add(observer, view)
      return
    }
    if (known.merged.initiator !== view.initiator || known.merged.responder !== view.responder) return
    if (view.state === 'closed') return this.#close(known.merged, view.closeReason ?? 'closed', view.closedAt)
    const before = known.merged
    known.views.set(observer, view)
    known.merged = merge([...known.views.values()])
    if (known.merged.keyVersion !== before.keyVersion) this.#store.save(known.merged)
    this.#announce(view.sessionId)
  }

  /** Closes every session of an agent, because it is no longer trusted. */
  closeAllOf(agentId: string, reason: string): void {
    for (const view of this.openSessions()) {
      if (view.initiator === agentId || view.responder === agentId) this.#close(view, reason)
    }
  }

  #add(observer: string, view: SessionView): void {
    this.#database.transaction(() => {
      for (const other of this.openSessions()) {
        // Two agents have one session; a new one has taken the place of the old.
        if (samePeers(other, view)) this.#close(other, 'replaced by a new session')
      }
      this.#store.save(view)
      this.#audit.append({
        type: 'SESSION_ESTABLISHED',
        severity: 'INFO',
        actor: view.initiator,
        subject: view.responder,
        detail: {
          sessionId: view.sessionId,
          level: view.level,
          suite: view.suite,
          forwardSecrecy: view.perfectForwardSecrecy,
          postQuantum: view.postQuantumSecure,
          reportedBy: observer,
        },
      })
    })
    this.#open.set(view.sessionId, { views: new Map([[observer, view]]), merged: view })
    this.#announce(view.sessionId)
  }

  #close(view: SessionView, reason: string, closedAt: string | null = null): void {
    const closed: SessionView = {
      ...view,
      state: 'closed',
      closedAt: closedAt ?? isoTime(this.#clock.now()),
      closeReason: reason,
      nextRotationAt: null,
    }
    this.#database.transaction(() => {
      this.#store.save(closed)
      this.#audit.append({
        type: 'SESSION_CLOSED',
        severity: 'INFO',
        actor: view.initiator,
        subject: view.responder,
        detail: { sessionId: view.sessionId, reason, keyVersion: view.keyVersion },
      })
    })
    this.#open.delete(view.sessionId)
    this.#closed = [closed, ...this.#closed].slice(0, closedShown)
    this.#database.afterCommit(() => this.#events.emit('changed', closed))
  }

  #mayTell(observer: string, { initiator, responder }: SessionView): boolean {
    if (initiator === responder || (initiator !== observer && responder !== observer)) return false
    if (
      (initiator === this.#consoleAgent || responder === this.#consoleAgent) &&
      observer !== this.#consoleAgent
    )
      return false
    return this.#isEnrolled(initiator) && this.#isEnrolled(responder)
  }

  #announce(sessionId: string): void {
    if (this.#announcing.has(sessionId)) return
    this.#announcing.add(sessionId)
    this.#clock.after(announceMilliseconds, () => {
      this.#announcing.delete(sessionId)
      const known = this.#open.get(sessionId)
      if (known !== undefined) this.#events.emit('changed', known.merged)
    })
  }
}

type Peers = Pick<SessionView, 'initiator' | 'responder'>

const samePeers = (a: Peers, b: Peers): boolean =>
  (a.initiator === b.initiator && a.responder === b.responder) ||
  (a.initiator === b.responder && a.responder === b.initiator)

/** One view of both sides: the one that has seen most, the initiator's schedule, and the refusals of both. */
function merge(views: readonly SessionView[]): SessionView {
  const [first, ...others] = views.toSorted((a, b) => b.keyVersion - a.keyVersion || b.messages - a.messages)
  if (first === undefined) throw new TypeError('a session is known by at least one view')
  const refused = { ...first.refused }
  for (const other of others) {
    for (const [verdict, count] of Object.entries(other.refused) as [keyof typeof refused, number][]) {
      refused[verdict] = (refused[verdict] ?? 0) + count
    }
  }
  return {
    ...first,
    refused,
    nextRotationAt: soonest(views.filter((view) => view.keyVersion === first.keyVersion)),
  }
}

/** Each side rotates by its own policy; the stricter one is what happens. */
const soonest = (views: readonly SessionView[]): string | null =>
  views.flatMap((view) => view.nextRotationAt ?? []).toSorted()[0] ?? null
