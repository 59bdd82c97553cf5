import type { RotationEntry, RotationSchedule, SessionView } from '#shared/model/session.ts'
import { RotateAnswer, type RotateOrder } from '../agent/fleet-messages.ts'
import { type Clock, isoTime } from '../clock.ts'
import { opaqueId, type RandomSource } from '../crypto/random.ts'
import { SecurityException } from '../errors.ts'
import type { Message } from '../session/delivery.ts'
import type { SecureCommunicationProtocol } from '../session/protocol.ts'
import type { SessionBoard } from '../session/session-board.ts'
import type { RotationLedger } from './rotation-ledger.ts'

/** How long an agent may take to carry an order out, in milliseconds. */
const orderMilliseconds = 20_000
/** A rotation is overdue when it is this late, in milliseconds: the agent has had its retries. */
const overdueMilliseconds = 15_000
/** Rotations that are ordered at the same time when all are. */
const atOnce = 16

interface RotationDeskOptions {
  readonly board: SessionBoard
  readonly ledger: RotationLedger
  readonly clock: Clock
  readonly random: RandomSource
  readonly consoleAgent: string
  /** Seconds; `key_rotation_interval` of this console. */
  readonly interval: number
  readonly isConnected: (agentId: string) => boolean
  /** Null while the gateway is not open. */
  readonly protocol: () => SecureCommunicationProtocol | null
}

/** Rotates session keys when the operator asks, and shows what is due. */
export class RotationDesk {
  readonly #options: RotationDeskOptions
  /** Sessions whose rotation was ordered here and runs, with what a side has told of it meanwhile. */
  readonly #running = new Map<string, RotationEntry | null>()
  readonly #orders = new Map<string, { agent: string; resolve: (answer: RotateAnswer) => void }>()

  constructor(options: RotationDeskOptions) {
    this.#options = options
  }

  /** What is due when, soonest first, and what was done. */
  schedule(): RotationSchedule {
    const { board, clock, interval, ledger } = this.#options
    const upcoming = board
      .openSessions()
      .flatMap((view) => (view.nextRotationAt === null ? [] : [{ view, dueAt: view.nextRotationAt }]))
      .toSorted((a, b) => a.dueAt.localeCompare(b.dueAt))
      .map(({ view, dueAt }) => ({
        sessionId: view.sessionId,
        peers: [view.initiator, view.responder] satisfies [string, string],
        keyVersion: view.keyVersion,
        keyEstablishedAt: view.keyEstablishedAt,
        dueAt,
        state: this.#inContact(view)
          ? dueState(clock.now() - Date.parse(dueAt))
          : ('out_of_contact' as const),
      }))
    return { intervalSeconds: interval, upcoming, history: ledger.history() }
  }

  /**
   * Rotates the keys of one session at once. The entry says how it went: `skipped` when a side is out of contact.
   * @throws SecurityException `not_found`
   */
  async rotate(sessionId: string, actor: string): Promise<RotationEntry> {
    const view = this.#options.board.find(sessionId)
    if (view === null) throw new SecurityException('not_found', 'This session is not open any more.')
    if (this.#running.has(sessionId))
      throw new SecurityException('conflict', 'This session is being rotated already.')
    this.#running.set(sessionId, null)
    try {
      const answer = await this.#carryOut(view)
      // The answer may be lost where the rotation is not.
      const entry = answer.outcome === 'rotated' ? answer : (this.#running.get(sessionId) ?? answer)
      this.#options.ledger.record(entry, actor)
      return entry
    } finally {
      this.#running.delete(sessionId)
    }
  }

  /** Rotates every open session. */
  async rotateAll(actor: string): Promise<RotationEntry[]> {
    const waiting = this.#options.board.openSessions().map((view) => view.sessionId)
    const entries: RotationEntry[] = []
    const work = async (): Promise<void> => {
      for (let sessionId = waiting.shift(); sessionId !== undefined; sessionId = waiting.shift()) {
        // A session that ended meanwhile has no keys left to rotate.
        if (this.#options.board.find(sessionId) !== null && !this.#running.has(sessionId))
          entries.push(await this.rotate(sessionId, actor))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return entries
  }

  /**
   * Takes a rotation that one side of a session that is open tells of. One that was ordered here is recorded with who
   * ordered it. Agents' words about sessions of others or of the console are not taken.
   */
  told(entry: RotationEntry, observer: string): void {
    if (!this.#isCredible(entry, observer)) return
    if (!this.#running.has(entry.sessionId)) this.#options.ledger.record(entry, observer)
    else if (entry.outcome === 'rotated') this.#running.set(entry.sessionId, entry)
  }

  /** Takes an agent's answer to an order. */
  answered(agent: string, message: Message): void {
    const answer = RotateAnswer.safeParse(message)
    if (!answer.success) return
    const order = this.#orders.get(answer.data.requestId)
    if (order?.agent === agent) order.resolve(answer.data)
  }

  #isCredible(entry: RotationEntry, observer: string): boolean {
    if (!entry.peers.includes(observer)) return false
    const { board, consoleAgent } = this.#options
    if (observer === consoleAgent) return true
    const view = board.find(entry.sessionId)
    if (view === null || entry.peers.includes(consoleAgent)) return false
    return (
      entry.peers[0] === view.initiator &&
      entry.peers[1] === view.responder &&
      entry.keyVersion <= view.keyVersion + 1
    )
  }

  #inContact(view: SessionView): boolean {
    return this.#options.isConnected(view.initiator) && this.#options.isConnected(view.responder)
  }

  async #carryOut(view: SessionView): Promise<RotationEntry> {
    const { consoleAgent } = this.#options
    const protocol = this.#options.protocol()
    if (protocol === null || !this.#inContact(view))
      return this.#entry(view, 'skipped', 'A side is out of contact; its keys are rotated when it is back.')
    const own = protocol.session(view.sessionId)
    if (own !== null) return protocol.rotate(own, 'operator')
    if (view.initiator === consoleAgent || view.responder === consoleAgent)
      return this.#entry(view, 'failed', 'The session has ended.')
    return this.#order(protocol, view)
  }

  /** Has the session's initiator rotate. */
  async #order(protocol: SecureCommunicationProtocol, view: SessionView): Promise<RotationEntry> {
    const requestId = opaqueId(this.#options.random)
    const { promise, resolve } = Promise.withResolvers<RotateAnswer | null>()
    const cancel = this.#options.clock.after(orderMilliseconds, () => resolve(null))
    this.#orders.set(requestId, { agent: view.initiator, resolve })
    try {
      const order: RotateOrder = { type: 'groundlock.rotate', requestId, sessionId: view.sessionId }
      // A peer that is no longer trusted is not sent anything.
      const taken = await protocol
        .sendSecureMessage({ peerAgent: view.initiator }, order, 5)
        .catch(() => false)
      const answer = taken ? await promise : null
      if (answer === null) return this.#entry(view, 'failed', `${view.initiator} did not answer the order.`)
      if (answer.entry === null || answer.entry.sessionId !== view.sessionId) {
        return this.#entry(
          view,
          'failed',
          answer.problem ?? `${view.initiator} could not rotate the session.`,
        )
      }
      return { ...answer.entry, peers: [view.initiator, view.responder] }
    } finally {
      cancel()
      this.#orders.delete(requestId)
    }
  }

  #entry(view: SessionView, outcome: 'failed' | 'skipped', detail: string): RotationEntry {
    return {
      sessionId: view.sessionId,
      peers: [view.initiator, view.responder],
      keyVersion: view.keyVersion,
      trigger: 'operator',
      outcome,
      time: isoTime(this.#options.clock.now()),
      detail,
    }
  }
}

function dueState(late: number): 'scheduled' | 'due' | 'overdue' {
  if (late < 0) return 'scheduled'
  return late > overdueMilliseconds ? 'overdue' : 'due'
}
