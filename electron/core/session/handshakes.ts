import type { SecurityLevel } from '#shared/model/primitives.ts'
import { errorCodes, type ErrorCode } from '#shared/errors.ts'
import type { Clock } from '../clock.ts'
import { equalInConstantTime } from '../crypto/digest.ts'
import { EncryptionError, SecurityException } from '../errors.ts'
import { type Frame, FrameKind } from '../link/link.ts'
import { SourceRates } from '../link/rate-limit.ts'
import {
  type HandshakeParty,
  type HandshakeResult,
  Initiator,
  peekSessionId,
  Responder,
} from './handshake.ts'
import { maxHandshakeBytes } from './handshake-messages.ts'
import { noSession } from './hint.ts'
import type { SecureSession } from './secure-session.ts'

/** A handshake that is not finished by then is given up, in milliseconds. */
export const handshakeMilliseconds = 10_000
/** Handshakes that others may have half open with us at once; further ones are refused. */
export const halfOpenLimit = 256

/** Handshake frames that may wait for their turn, of one peer and of all. */
const peerQueueLimit = 8
const queueLimit = 512
/** How often one peer may ask for a session; each request costs us two signatures' worth of work. */
const requestRate = { perSecond: 5, burst: 20 }

export interface HandshakesOptions {
  readonly party: HandshakeParty
  readonly clock: Clock
  send(kind: FrameKind, peer: string, body: Uint8Array): boolean
  /** We answered and the initiator has proved itself: the session stands. */
  established(result: HandshakeResult): SecureSession
  /** We asked and have proved ourselves: the session stands once the peer is heard in it, see `confirmed`. */
  proposed(result: HandshakeResult): void
  failed(peer: string, error: SecurityException): void
  hint(peer: string, sessionId: string, code: string, message: string): void
}

interface Outgoing {
  readonly handshake: Initiator
  readonly promise: Promise<string>
  /** Message 3 is out. */
  proposed: boolean
  resolve(sessionId: string): void
  reject(error: SecurityException): void
  cancelTimer(): void
}

interface Incoming {
  readonly message1: Uint8Array
  readonly responder: Responder
  cancelTimer(): void
}

/** The handshakes of one agent that are under way: at most one with each peer in each direction. */
export class Handshakes {
  readonly #options: HandshakesOptions
  readonly #outgoing = new Map<string, Outgoing>()
  readonly #incoming = new Map<string, Incoming>()
  /** Handshake work is done one frame after the other for each peer, because signing is asynchronous. */
  readonly #queues = new Map<string, { last: Promise<void>; length: number }>()
  readonly #requests: SourceRates
  #queued = 0

  constructor(options: HandshakesOptions) {
    this.#options = options
    this.#requests = new SourceRates(requestRate, options.clock)
  }

  running(peer: string): boolean {
    return this.#outgoing.has(peer) || this.#incoming.has(peer)
  }

  /** Starts a handshake with `peer`, or joins the one we started. Resolves with the session id when both sides are done. */
  begin(peer: string, level: SecurityLevel): Promise<string> {
    const running = this.#outgoing.get(peer)
    if (running !== undefined) return running.promise
    let handshake: Initiator
    try {
      handshake = new Initiator(this.#options.party, peer, level)
    } catch (error) {
      return Promise.reject(asSecurityException(error))
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const cancelTimer = this.#options.clock.after(handshakeMilliseconds, () =>
      this.#fail(
        peer,
        new EncryptionError(
          'agent_unreachable',
          `${peer} did not finish the handshake within ${handshakeMilliseconds / 1000} seconds.`,
        ),
      ),
    )
    this.#outgoing.set(peer, { handshake, promise, proposed: false, resolve, reject, cancelTimer })
    if (!this.#options.send(FrameKind.handshakeInitiate, peer, handshake.message1)) {
      this.#fail(
        peer,
        new EncryptionError(
          'agent_unreachable',
          `${peer} cannot be reached: the link to the gateway is down.`,
        ),
      )
    }
    return promise
  }

  /** Takes a handshake frame. What comes faster than it can be worked on is dropped; an honest peer begins again. */
  take(frame: Frame): void {
    if (!this.#mayTake(frame)) return
    const queue = this.#queues.get(frame.from) ?? { last: Promise.resolve(), length: 0 }
    this.#queues.set(frame.from, queue)
    queue.length++
    this.#queued++
    queue.last = queue.last
      .then(() => this.#process(frame))
      .catch((error: unknown) => this.#refused(frame, asSecurityException(error)))
      .finally(() => {
        this.#queued--
        if (--queue.length === 0) this.#queues.delete(frame.from)
      })
  }

  #mayTake(frame: Frame): boolean {
    if (frame.body.length > maxHandshakeBytes || this.#queued >= queueLimit) return false
    if ((this.#queues.get(frame.from)?.length ?? 0) >= peerQueueLimit) return false
    return frame.kind !== FrameKind.handshakeInitiate || this.#requests.take(frame.from)
  }

  /** The peer was heard in the session that we proposed. */
  confirmed(peer: string, sessionId: string): void {
    if (this.#outgoing.get(peer)?.handshake.sessionId.toString('hex') === sessionId)
      this.#succeed(peer, sessionId)
  }

  /** The peer hinted at a session: true if it was about a handshake of ours, which has then failed. */
  hinted(peer: string, sessionId: string, code: string, message: string): boolean {
    const outgoing = this.#outgoing.get(peer)
    if (outgoing === undefined || code === 'unknown_session') return false
    if (sessionId !== noSession && sessionId !== outgoing.handshake.sessionId.toString('hex')) return false
    const known = (errorCodes as readonly string[]).includes(code) ? (code as ErrorCode) : 'session_failed'
    this.#fail(peer, new EncryptionError(known, `${peer} refused the handshake: ${message}`))
    return true
  }

  /** The gateway could not deliver to `peer`. */
  undelivered(peer: string): void {
    if (this.#outgoing.has(peer))
      this.#fail(peer, new EncryptionError('agent_unreachable', `${peer} is not connected to the gateway.`))
  }

  abandon(peer: string, reason: string): void {
    if (this.#outgoing.has(peer))
      this.#fail(
        peer,
        new EncryptionError('session_failed', `The handshake with ${peer} was given up: ${reason}.`),
      )
    this.#dropIncoming(peer)
  }

  stop(): void {
    for (const peer of [...this.#outgoing.keys(), ...this.#incoming.keys()])
      this.abandon(peer, 'the agent stopped')
  }

  async #process(frame: Frame): Promise<void> {
    if (frame.kind === FrameKind.handshakeInitiate) await this.#answer(frame.from, frame.body)
    else if (frame.kind === FrameKind.handshakeReply) await this.#confirm(frame.from, frame.body)
    else this.#finish(frame.from, frame.body)
  }

  async #answer(peer: string, message1: Uint8Array): Promise<void> {
    // Both began at once: the request of the agent whose name sorts first stands, the other one answers it.
    const outgoing = this.#outgoing.get(peer)
    if (outgoing !== undefined && this.#options.party.agentId < peer) {
      // The peer may not have been there when ours went out.
      if (!outgoing.proposed)
        this.#options.send(FrameKind.handshakeInitiate, peer, outgoing.handshake.message1)
      return
    }
    const running = this.#incoming.get(peer)
    if (running !== undefined && equalInConstantTime(running.message1, message1)) {
      this.#options.send(FrameKind.handshakeReply, peer, running.responder.message2)
      return
    }
    this.#dropIncoming(peer)
    if (this.#incoming.size >= halfOpenLimit)
      throw new EncryptionError('rate_limited', 'Too many handshakes are half open; try again later.')
    const responder = await Responder.respond(this.#options.party, peer, message1)
    const cancelTimer = this.#options.clock.after(handshakeMilliseconds, () => this.#dropIncoming(peer))
    this.#incoming.set(peer, { message1, responder, cancelTimer })
    this.#options.send(FrameKind.handshakeReply, peer, responder.message2)
  }

  async #confirm(peer: string, message2: Uint8Array): Promise<void> {
    const outgoing = this.#outgoing.get(peer)
    if (
      outgoing === undefined ||
      outgoing.proposed ||
      peekSessionId('reply', message2) !== outgoing.handshake.sessionId.toString('hex')
    )
      return
    const { message3, result } = await outgoing.handshake.readReply(message2)
    if (this.#outgoing.get(peer) !== outgoing) return void result.trafficSecret.fill(0)
    outgoing.proposed = true
    this.#options.proposed(result)
    this.#options.send(FrameKind.handshakeConfirm, peer, message3)
  }

  #finish(peer: string, message3: Uint8Array): void {
    const incoming = this.#incoming.get(peer)
    if (
      incoming === undefined ||
      peekSessionId('confirm', message3) !== incoming.responder.sessionId.toString('hex')
    )
      return
    this.#incoming.delete(peer)
    incoming.cancelTimer()
    const session = this.#options.established(incoming.responder.readConfirm(message3))
    if (session.closed) throw new EncryptionError('session_failed', 'The session could not be recorded here.')
    session.transmit('session.established', new Uint8Array(), 5)
    // A request of ours that gave way to the peer's is answered by the peer's session.
    if (this.#outgoing.has(peer)) this.#succeed(peer, session.sessionId)
  }

  #succeed(peer: string, sessionId: string): void {
    const outgoing = this.#outgoing.get(peer)
    this.#outgoing.delete(peer)
    outgoing?.cancelTimer()
    outgoing?.resolve(sessionId)
  }

  #fail(peer: string, error: SecurityException): void {
    const outgoing = this.#outgoing.get(peer)
    if (outgoing === undefined) return
    this.#outgoing.delete(peer)
    outgoing.cancelTimer()
    outgoing.reject(error)
    // The caller may not be listening: `failed` tells those who watch.
    outgoing.promise.catch(() => undefined)
    this.#options.failed(peer, error)
  }

  /** A handshake frame of the peer was refused: the peer is told why, and a handshake of ours with it ends. */
  #refused(frame: Frame, error: SecurityException): void {
    const kind = frame.kind === FrameKind.handshakeReply ? 'reply' : 'confirm'
    const sessionId =
      frame.kind === FrameKind.handshakeInitiate ? noSession : (peekSessionId(kind, frame.body) ?? noSession)
    this.#dropIncoming(frame.from)
    this.#options.hint(frame.from, sessionId, error.code, error.message)
    if (frame.kind === FrameKind.handshakeReply && this.#outgoing.has(frame.from))
      this.#fail(frame.from, error)
    else this.#options.failed(frame.from, error)
  }

  #dropIncoming(peer: string): void {
    const incoming = this.#incoming.get(peer)
    if (incoming === undefined) return
    this.#incoming.delete(peer)
    incoming.cancelTimer()
    incoming.responder.discard()
  }
}

const asSecurityException = (error: unknown): SecurityException =>
  error instanceof SecurityException
    ? error
    : new EncryptionError('session_failed', 'The handshake failed.', { cause: error })
