import type { SecurityLevel } from '#shared/model/primitives.ts'
import type {
  RefusalVerdict,
  RotationEntry,
  RotationTrigger,
  SessionView,
  TrafficEntry,
} from '#shared/model/session.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { AuthenticationError, EncryptionError, SecurityException } from '../errors.ts'
import { type Presence, readPresence, readUndelivered } from '../link/control-frames.ts'
import { type Frame, FrameKind, gatewayName, type Link } from '../link/link.ts'
import { Delivery, type Message } from './delivery.ts'
import { type EncryptedMessage, type Header, readEnvelope } from './envelope.ts'
import type { HandshakeParty, HandshakeResult } from './handshake.ts'
import { Handshakes } from './handshakes.ts'
import { readHint, writeHint } from './hint.ts'
import type { RekeyNotice } from './rekey.ts'
import { SecureSession } from './secure-session.ts'
import { requireSendable } from './sendable.ts'
import { SessionRotation } from './session-rotation.ts'
import { trafficEntry, unreadableHeader } from './traffic.ts'

/** A message that nobody reads is kept for `receiveSecureMessage`, at most so many per peer. */
const inboxLimit = 1_000
/** How long a message may wait for its acknowledgement, in milliseconds. */
const deliveryMilliseconds = 30_000
/** How long after a failed handshake what waits for the peer is tried again, in milliseconds. */
const retryMilliseconds = 2_000

export interface ProtocolOptions {
  readonly party: HandshakeParty
  readonly link: Link
  readonly clock: Clock
  /** Seconds. */
  readonly keyRotationInterval: number
  readonly maxMessageAge: number
  readonly replayWindowSize: number
  /** Persisted ahead; never gives a number twice. */
  nextSequence(peer: string): number
  /** Hears what a listener threw. A message whose listener threw is not acknowledged, so the peer sends it again. */
  onError?(error: unknown): void
}

export interface ReceivedMessage {
  readonly session: SecureSession
  readonly header: Header
  readonly message: Message
}

interface ProtocolEvents {
  established: SecureSession
  closed: { session: SecureSession; reason: string }
  changed: SecureSession
  message: ReceivedMessage
  /** Accepted application messages and every refused frame. */
  traffic: TrafficEntry
  rotation: RotationEntry
  handshakeFailed: { peer: string; error: SecurityException }
}

interface Peer {
  session: SecureSession | null
  /** The session that we asked for, until the peer is heard in it. */
  proposed: SecureSession | null
  readonly delivery: Delivery
  readonly inbox: ReceivedMessage[]
  readonly readers: Set<(message: ReceivedMessage | null) => void>
  closedFor: string | null
}

/**
 * The spec's SecureCommunicationProtocol: establishes sessions with other agents over a link, sends and receives
 * through them, keeps their keys rotated and says what was refused and why.
 */
export class SecureCommunicationProtocol {
  readonly #options: ProtocolOptions
  readonly #handshakes: Handshakes
  readonly #rotation: SessionRotation
  readonly #peers = new Map<string, Peer>()
  readonly #events: Emitter<ProtocolEvents>
  /** Listeners that threw, ever. */
  #failures = 0
  readonly #stopListening: (() => void)[] = []

  constructor(options: ProtocolOptions) {
    this.#options = options
    this.#events = new Emitter((error) => {
      this.#failures++
      options.onError?.(error)
    })
    this.#handshakes = new Handshakes({
      party: options.party,
      clock: options.clock,
      send: (kind, peer, body) => this.#transmit(kind, peer, body),
      established: (result) => this.#establish(this.#open(result)),
      proposed: (result) => this.#propose(this.#open(result)),
      failed: (peer, error) => this.#handshakeFailed(peer, error),
      hint: (peer, sessionId, code, message) => this.#hint(peer, sessionId, code, message),
    })
    this.#rotation = new SessionRotation({
      clock: options.clock,
      interval: options.keyRotationInterval,
      linkIsUp: () => options.link.state === 'connected',
    })
    this.#stopListening.push(
      options.link.onFrame((frame) => this.#take(frame)),
      options.link.onState((state) => {
        if (state === 'connected') this.#resume()
        else this.#interrupt()
      }),
    )
  }

  get localAgent(): string {
    return this.#options.link.localAgent
  }

  on<Name extends keyof ProtocolEvents>(
    name: Name,
    listener: (payload: ProtocolEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * The session with `peer`, established if there is none (spec: establish_secure_session).
   * @throws EncryptionError `invalid_input` for oneself, `session_failed` for a level not offered, `agent_unreachable` when the peer does not answer,
   *   AuthenticationError or CertificateError when it is not who it says.
   */
  async establishSecureSession(peer: string, level: SecurityLevel = 'high'): Promise<SecureSession> {
    if (peer === this.localAgent)
      throw new EncryptionError('invalid_input', 'An agent has sessions with others, not with itself.')
    const existing = this.#peers.get(peer)?.session
    if (existing && !existing.closed && existing.securityLevel === level) return existing
    const sessionId = await this.#handshakes.begin(peer, level)
    const session = this.#peers.get(peer)?.session
    if (session?.sessionId !== sessionId)
      throw new EncryptionError('session_failed', `The session with ${peer} ended at once.`)
    return session
  }

  /**
   * Sends a message (spec: send_secure_message). Messages to one peer leave by priority, 1 low to 5 critical. A new
   * session with the peer carries on where this one ended.
   * @returns true when the peer has accepted it, false when it has not within 30 seconds.
   * @throws EncryptionError when the message is too large, has no type, or the peer is revoked.
   */
  async sendSecureMessage(
    session: Pick<SecureSession, 'peerAgent'>,
    message: Message,
    priority = 1,
  ): Promise<boolean> {
    requireSendable(message, priority)
    const peer = this.#peer(session.peerAgent)
    if (peer.closedFor !== null)
      throw new AuthenticationError('certificate_revoked', `${session.peerAgent}: ${peer.closedFor}.`)
    return peer.delivery.send(message, priority, deliveryMilliseconds)
  }

  /**
   * The next message of the session's peer (spec: receive_secure_message), or null after `timeout` seconds.
   * While there is a `message` listener, messages go there instead.
   */
  receiveSecureMessage(
    session: Pick<SecureSession, 'peerAgent'>,
    timeout = 10,
  ): Promise<ReceivedMessage | null> {
    const peer = this.#peer(session.peerAgent)
    const waiting = peer.inbox.shift()
    if (waiting !== undefined) return Promise.resolve(waiting)
    return new Promise((resolve) => {
      const take = (message: ReceivedMessage | null): void => {
        cancel()
        peer.readers.delete(take)
        resolve(message)
      }
      const cancel = this.#options.clock.after(timeout * 1000, () => take(null))
      peer.readers.add(take)
    })
  }

  /** The session with this identifier, if it is open. */
  session(sessionId: string): SecureSession | null {
    for (const { session } of this.#peers.values())
      if (session?.sessionId === sessionId && !session.closed) return session
    return null
  }

  /** Every open session. */
  sessions(): SecureSession[] {
    return [...this.#peers.values()].flatMap(({ session }) => (session && !session.closed ? [session] : []))
  }

  view(session: SecureSession): SessionView {
    return session.view(this.#options.keyRotationInterval)
  }

  /** Rotates the keys of a session now; the promise says how it went and never rejects. */
  rotate(session: SecureSession, trigger: RotationTrigger): Promise<RotationEntry> {
    return this.#rotation.rotate(session, trigger)
  }

  /** Ends the session with `peer` and, where it is `final`, refuses everything from it from now on. */
  close(peerId: string, reason: string, final = false): void {
    const peer = this.#peer(peerId)
    if (final) peer.closedFor = reason
    this.#handshakes.abandon(peerId, reason)
    this.#dropProposed(peer, reason)
    this.#closeSession(peer, reason, true)
    if (final) peer.delivery.stop()
  }

  stop(): void {
    for (const stop of this.#stopListening) stop()
    this.#handshakes.stop()
    for (const peer of this.#peers.values()) {
      this.#dropProposed(peer, 'the agent stopped')
      this.#closeSession(peer, 'the agent stopped', true)
      peer.delivery.stop()
      for (const reader of peer.readers) reader(null)
    }
  }

  #take(frame: Frame): void {
    if (frame.to !== this.localAgent || frame.from === this.localAgent) return
    switch (frame.kind) {
      case FrameKind.handshakeInitiate:
      case FrameKind.handshakeReply:
      case FrameKind.handshakeConfirm:
        return this.#handshakes.take(frame)
      case FrameKind.message:
        return this.#takeMessage(frame)
      case FrameKind.hint:
        return this.#takeHint(frame)
      case FrameKind.undelivered:
        if (frame.from === gatewayName) this.#handshakes.undelivered(readUndelivered(frame).to)
        return
      case FrameKind.presence:
        if (frame.from === gatewayName) this.#takePresence(readPresence(frame))
    }
  }

  #takeMessage(frame: Frame): void {
    const message = readEnvelope(frame.body)
    if (message === null || message.senderId !== frame.from) {
      return this.#refuse('malformed', unreadableHeader(frame.from, this.localAgent), frame.body.length)
    }
    // Names on the link are the gateway's word: what is kept for a peer begins with what we know or proved of it.
    const peer = this.#peers.get(frame.from)
    if (peer !== undefined && peer.closedFor !== null)
      return this.#refuse('revoked_peer', message, frame.body.length)
    const session = [peer?.session, peer?.proposed].find((one) => one?.sessionId === message.sessionId)
    if (peer === undefined || !session || session.closed) {
      // A probe asks whether the session is still there; that it is not is an answer and no incident.
      if (message.messageType !== 'session.probe') this.#refuse('unknown_session', message, frame.body.length)
      return this.#hint(frame.from, message.sessionId, 'unknown_session', 'This session is not open here.')
    }
    const opened = session.open(message)
    if (!opened.accepted) {
      this.#refuse(opened.verdict, message, frame.body.length)
      if (session === peer.session) this.#events.emit('changed', session)
      return
    }
    if (session === peer.proposed) this.#confirm(peer, session)
    this.#handle(peer, session, message, opened.payload, frame.body.length)
  }

  #handle(
    peer: Peer,
    session: SecureSession,
    header: EncryptedMessage,
    payload: Buffer,
    bytes: number,
  ): void {
    // It was opened, and then could not be put in force.
    if (session.closed) return
    if (header.messageType.startsWith('session.')) {
      if (header.messageType === 'session.ack') peer.delivery.acknowledged(payload)
      else if (header.messageType === 'session.close') this.#closeSession(peer, 'closed by the peer', false)
      else session.handleRekey(header, payload)
      return
    }
    const read = peer.delivery.read(payload)
    if (read === null || read.message.type !== header.messageType)
      return this.#refuse('malformed', header, bytes)
    if (!read.repeated) {
      const failures = this.#failures
      // Nobody could take it, or it could not be recorded: without an acknowledgement the sender keeps the message.
      if (!this.#offer(peer, { session, header, message: read.message })) return
      this.#events.emit('traffic', this.#traffic(header, bytes, null))
      if (this.#failures !== failures) return
      peer.delivery.handedOver(read.id)
    }
    this.#acknowledge(peer, session, read.id)
    this.#events.emit('changed', session)
  }

  /** What is not acknowledged comes again, in a new session where the key of this one is used up. */
  #acknowledge(peer: Peer, session: SecureSession, id: Uint8Array): void {
    // Whoever read the message may have ended the session.
    if (session.closed) return
    if (session.canSeal(id.length)) session.transmit('session.ack', id, 5)
    else if (!this.#handshakes.running(session.peerAgent)) this.#reestablish(session.peerAgent, peer)
  }

  /** Hands a message over: to a waiting reader, the listeners, or the inbox. False when there is no room. */
  #offer(peer: Peer, received: ReceivedMessage): boolean {
    const [reader] = peer.readers
    if (reader !== undefined) reader(received)
    else if (this.#events.has('message')) this.#events.emit('message', received)
    else if (peer.inbox.length < inboxLimit) peer.inbox.push(received)
    else return false
    return true
  }

  #takeHint(frame: Frame): void {
    const hint = readHint(frame.body)
    if (hint === null) return
    const [sessionId, code, message] = hint
    if (this.#handshakes.hinted(frame.from, sessionId, code, message)) return
    const peer = this.#peers.get(frame.from)
    // The peer lost the session, e.g. it was restarted. A new one replaces it; nothing is given up on a mere hint.
    if (code === 'unknown_session' && peer !== undefined && peer.session?.sessionId === sessionId)
      this.#reestablish(frame.from, peer)
  }

  #takePresence({ agentId, connected }: Presence): void {
    const peer = this.#peers.get(agentId)
    if (connected && peer !== undefined) this.#revive(peer)
  }

  #open(result: HandshakeResult): SecureSession {
    const session: SecureSession = new SecureSession(result, {
      clock: this.#options.clock,
      localAgent: this.localAgent,
      maxMessageAge: this.#options.maxMessageAge,
      replayWindowSize: this.#options.replayWindowSize,
      nextSequence: () => this.#options.nextSequence(result.peer),
      transmit: (body) => void this.#transmit(FrameKind.message, result.peer, body),
      onRekey: (notice) => this.#rotated(session, notice),
    })
    return session
  }

  #propose(session: SecureSession): void {
    const peer = this.#peer(session.peerAgent)
    this.#dropProposed(peer, 'given up')
    peer.proposed = session
  }

  #dropProposed(peer: Peer, reason: string): void {
    peer.proposed?.close(reason)
    peer.proposed = null
  }

  #confirm(peer: Peer, session: SecureSession): void {
    peer.proposed = null
    this.#establish(session)
    this.#handshakes.confirmed(session.peerAgent, session.sessionId)
  }

  #handshakeFailed(peerId: string, error: SecurityException): void {
    const peer = this.#peers.get(peerId)
    if (peer !== undefined) this.#dropProposed(peer, 'the handshake failed')
    this.#events.emit('handshakeFailed', { peer: peerId, error })
    // What waits for the peer is tried again; the messages' own deadlines end it.
    if (peer !== undefined && peer.delivery.waiting > 0)
      this.#options.clock.after(retryMilliseconds, () => peer.delivery.pump())
  }

  /** Puts a session in force. It is ended at once if who has to record it cannot. */
  #establish(session: SecureSession): SecureSession {
    const peer = this.#peer(session.peerAgent)
    this.#dropProposed(peer, 'replaced by a new session')
    this.#closeSession(peer, 'replaced by a new session', false)
    peer.session = session
    peer.closedFor = null
    this.#rotation.schedule(session)
    const failures = this.#failures
    this.#events.emit('established', session)
    if (this.#failures !== failures) this.#closeSession(peer, 'the session could not be recorded', true)
    peer.delivery.interrupted()
    peer.delivery.pump()
    return session
  }

  #rotated(session: SecureSession, notice: RekeyNotice): void {
    this.#rotation.schedule(session)
    this.#events.emit('rotation', this.#rotation.entry(session, notice))
    this.#events.emit('changed', session)
  }

  #closeSession(peer: Peer, reason: string, tellPeer: boolean): void {
    const session = peer.session
    if (session === null || session.closed) return
    if (tellPeer) {
      try {
        session.transmit('session.close', new Uint8Array(), 5)
      } catch {
        // A key at its limit cannot say goodbye; the peer finds out by its next message.
      }
    }
    this.#rotation.cancel(session)
    session.close(reason)
    peer.session = null
    peer.delivery.interrupted()
    this.#events.emit('closed', { session, reason })
  }

  #reestablish(peerId: string, peer: Peer): void {
    this.#handshakes.begin(peerId, peer.session?.securityLevel ?? 'high').catch(() => undefined)
  }

  /** The link is up again: what waits is sent, in the old session if the peer still has it. */
  #resume(): void {
    for (const peer of this.#peers.values()) this.#revive(peer)
  }

  /** A peer that lost its sessions, because it was restarted, answers a probe with a hint; a new session follows. */
  #revive(peer: Peer): void {
    if (peer.session !== null) {
      try {
        peer.session.transmit('session.probe', new Uint8Array(), 5)
      } catch (error) {
        if (!(error instanceof SecurityException)) throw error
      }
    }
    peer.delivery.pump()
  }

  #interrupt(): void {
    for (const peer of this.#peers.values()) peer.delivery.interrupted()
  }

  #peer(id: string): Peer {
    const known = this.#peers.get(id)
    if (known !== undefined) return known
    const peer: Peer = {
      session: null,
      proposed: null,
      delivery: new Delivery({
        clock: this.#options.clock,
        random: this.#options.party.random,
        transmit: (type, payload, priority) => {
          if (this.#options.link.state !== 'connected' || peer.closedFor !== null) return false
          if (peer.session?.canSeal(payload.length)) {
            peer.session.transmit(type, payload, priority)
            return true
          }
          // There is none, or its key is used up and was not rotated: only a new session carries on.
          if (!this.#handshakes.running(id)) this.#reestablish(id, peer)
          return false
        },
      }),
      inbox: [],
      readers: new Set(),
      closedFor: null,
    }
    this.#peers.set(id, peer)
    return peer
  }

  #transmit(kind: FrameKind, to: string, body: Uint8Array): boolean {
    return this.#options.link.send({ kind, from: this.localAgent, to, body })
  }

  #hint(peer: string, sessionId: string, code: string, message: string): void {
    this.#transmit(FrameKind.hint, peer, writeHint(sessionId, code, message))
  }

  #refuse(verdict: RefusalVerdict, header: Header, bytes: number): void {
    this.#events.emit('traffic', this.#traffic(header, bytes, verdict))
  }

  #traffic(header: Header, bytes: number, verdict: RefusalVerdict | null): TrafficEntry {
    return trafficEntry(header, {
      time: this.#options.clock.now(),
      bytes,
      verdict,
      observer: this.localAgent,
    })
  }
}
