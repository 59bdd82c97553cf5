import type { SecurityLevel } from '#shared/model/primitives.ts'
import type { RefusalVerdict, SessionView } from '#shared/model/session.ts'
import { type Clock, isoTime } from '../clock.ts'
import { EncryptionError } from '../errors.ts'
import { type EncryptedMessage, type Header, openEnvelope, sealEnvelope } from './envelope.ts'
import type { HandshakeResult } from './handshake.ts'
import { KeyRing } from './key-ring.ts'
import { Rekey, type RekeyNotice } from './rekey.ts'
import { ReplayWindow } from './replay-window.ts'
import { rekeyAtShare, type Suite } from './suite.ts'

/** A message dated further ahead of our clock than this is refused, in milliseconds. */
export const clockTolerance = 30_000

export interface SessionOptions {
  readonly clock: Clock
  readonly localAgent: string
  /** Seconds; `max_message_age`. Also how long an old key version is read. */
  readonly maxMessageAge: number
  /** Numbers; `replay_window_size`. */
  readonly replayWindowSize: number
  /** Next sequence number towards the peer; never repeats. */
  nextSequence(): number
  /** Puts a frame body of kind `message` on the link. */
  transmit(body: Uint8Array): void
  onRekey(notice: RekeyNotice): void
}

export type Opened =
  | { readonly accepted: true; readonly header: Header; readonly payload: Buffer }
  | { readonly accepted: false; readonly verdict: RefusalVerdict; readonly header: Header }

/**
 * An established session with one peer (the spec's SecureSession). It seals, opens and rekeys; it holds no socket.
 * The spec's `session_key` and `authentication_key` are not handed out: they are inside, as key objects.
 */
export class SecureSession {
  readonly sessionId: string
  readonly peerAgent: string
  readonly initiator: boolean
  readonly suite: Suite
  readonly securityLevel: SecurityLevel
  /** Milliseconds since the epoch. */
  readonly establishedTime: number
  lastActivity: number
  readonly #options: SessionOptions
  readonly #keys: KeyRing
  readonly #window: ReplayWindow
  readonly #rekey: Rekey
  readonly #refused = new Map<RefusalVerdict, number>()
  #closed: { at: number; reason: string } | null = null

  constructor(result: HandshakeResult, options: SessionOptions) {
    this.#options = options
    this.sessionId = result.sessionId.toString('hex')
    this.peerAgent = result.peer
    this.initiator = result.initiator
    this.suite = result.suite
    this.securityLevel = result.level
    this.establishedTime = options.clock.now()
    this.lastActivity = this.establishedTime
    this.#window = new ReplayWindow(options.replayWindowSize, result.peerFirstSequence)
    this.#keys = new KeyRing({
      clock: options.clock,
      sessionId: result.sessionId,
      initiator: result.initiator,
      graceMilliseconds: options.maxMessageAge * 1000,
      trafficSecret: result.trafficSecret,
    })
    this.#rekey = new Rekey({
      clock: options.clock,
      keys: this.#keys,
      initiator: result.initiator,
      send: (type, payload) => this.transmit(type, payload, 5),
      notify: (notice) => options.onRekey(notice),
    })
  }

  get perfectForwardSecrecy(): boolean {
    return this.suite.perfectForwardSecrecy
  }

  get postQuantumSecure(): boolean {
    return this.suite.postQuantumSecure
  }

  get closed(): boolean {
    return this.#closed !== null
  }

  get keyVersion(): number {
    return this.#keys.version
  }

  /** When the key version in force was made, in milliseconds since the epoch. */
  get keyEstablishedAt(): number {
    return this.#keys.establishedAt
  }

  /** Whether `bytes` more may be sealed under the version in force: the session is open and below its limits. */
  canSeal(bytes: number): boolean {
    const { messageLimit, byteLimit } = this.suite
    return (
      this.#closed === null && this.#keys.messages < messageLimit && this.#keys.bytes + bytes <= byteLimit
    )
  }

  /**
   * Seals a message under the version in force and gives the frame body.
   * @throws EncryptionError when the session is closed or a limit of the key version is reached (a hard stop).
   */
  seal(
    type: string,
    payload: Uint8Array,
    priority: number,
    timestamp = this.#options.clock.now(),
  ): Uint8Array {
    if (this.#closed !== null)
      throw new EncryptionError('session_failed', `The session with ${this.peerAgent} is closed.`)
    this.#count(payload.length)
    return sealEnvelope(
      this.#keys.send,
      {
        sessionId: this.sessionId,
        senderId: this.#options.localAgent,
        recipientId: this.peerAgent,
        sequenceNumber: this.#options.nextSequence(),
        keyVersion: this.#keys.version,
        securityLevel: this.securityLevel,
        messageType: type,
        timestamp,
        priority,
      },
      payload,
    )
  }

  /** Seals a message and puts it on the link. */
  transmit(type: string, payload: Uint8Array, priority: number): void {
    this.#options.transmit(this.seal(type, payload, priority))
  }

  /** Opens a message of this session. The window moves only when everything has been checked. */
  open(message: EncryptedMessage): Opened {
    const verdict = this.#judge(message)
    if (typeof verdict === 'string') {
      this.#refused.set(verdict, (this.#refused.get(verdict) ?? 0) + 1)
      return { accepted: false, verdict, header: message }
    }
    this.#window.accept(message.sequenceNumber)
    this.lastActivity = this.#options.clock.now()
    this.#countReceived(verdict.length)
    this.#rekey.heardUnder(message.keyVersion)
    return { accepted: true, header: message, payload: verdict }
  }

  /** Handles a `session.rekey_*` message that was opened. @returns false when it is not one. */
  handleRekey(header: Header, payload: Uint8Array): boolean {
    return this.#rekey.handle(header.messageType, payload, header.sequenceNumber)
  }

  /** Starts a rekey; resolves when the new version is in force, rejects when the peer does not answer. */
  rotate(trigger: RekeyNotice['trigger']): Promise<number> {
    return this.#rekey.begin(trigger)
  }

  close(reason: string): void {
    if (this.#closed !== null) return
    this.#closed = { at: this.#options.clock.now(), reason }
    this.#rekey.stop(reason)
    this.#keys.destroy()
  }

  /** The session as the console shows it. `rotationInterval` in seconds; null leaves out when it is rotated next. */
  view(rotationInterval: number | null): SessionView {
    const [initiator, responder] = this.initiator
      ? [this.#options.localAgent, this.peerAgent]
      : [this.peerAgent, this.#options.localAgent]
    return {
      sessionId: this.sessionId,
      initiator,
      responder,
      state: this.#closed !== null ? 'closed' : this.#rekey.running ? 'rekeying' : 'active',
      level: this.securityLevel,
      suite: this.suite.name,
      perfectForwardSecrecy: this.perfectForwardSecrecy,
      postQuantumSecure: this.postQuantumSecure,
      establishedAt: isoTime(this.establishedTime),
      lastActivityAt: isoTime(this.lastActivity),
      keyVersion: this.#keys.version,
      keyEstablishedAt: isoTime(this.#keys.establishedAt),
      nextRotationAt:
        this.#closed !== null || rotationInterval === null
          ? null
          : isoTime(this.#keys.establishedAt + rotationInterval * 1000),
      messages: this.#keys.messages,
      bytes: this.#keys.bytes,
      messageLimit: this.suite.messageLimit,
      refused: Object.fromEntries(this.#refused),
      closedAt: this.#closed === null ? null : isoTime(this.#closed.at),
      closeReason: this.#closed?.reason ?? null,
    }
  }

  /** The opened payload, or why the message is refused. Authentication comes first, so that verdicts are about true messages. */
  #judge(message: EncryptedMessage): Buffer | RefusalVerdict {
    if (message.recipientId !== this.#options.localAgent) return 'wrong_recipient'
    const direction = this.#keys.receive(message.keyVersion)
    if (direction === null) return 'unknown_key_version'
    let payload: Buffer
    try {
      payload = openEnvelope(direction, message)
    } catch {
      return 'bad_tag'
    }
    const refusal = this.#window.check(message.sequenceNumber) ?? this.#checkFreshness(message.timestamp)
    if (refusal !== null) {
      payload.fill(0)
      return refusal
    }
    return payload
  }

  #checkFreshness(timestamp: number): 'stale' | 'from_the_future' | null {
    const age = this.#options.clock.now() - timestamp
    if (age > this.#options.maxMessageAge * 1000) return 'stale'
    return age < -clockTolerance ? 'from_the_future' : null
  }

  #count(bytes: number): void {
    if (!this.canSeal(bytes)) {
      throw new EncryptionError(
        'session_failed',
        `The key of the session with ${this.peerAgent} has reached its limit; it must be rotated first.`,
      )
    }
    this.#countReceived(bytes)
  }

  #countReceived(bytes: number): void {
    this.#keys.messages++
    this.#keys.bytes += bytes
    const { messageLimit, byteLimit } = this.suite
    if (
      this.#keys.messages === Math.floor(messageLimit * rekeyAtShare) ||
      this.#crossed(byteLimit * rekeyAtShare, bytes)
    ) {
      // The notice reports a failure; the hard limit stops the session if none succeeds.
      this.#rekey.begin('limit').catch(() => undefined)
    }
  }

  #crossed(limit: number, bytes: number): boolean {
    return this.#keys.bytes >= limit && this.#keys.bytes - bytes < limit
  }
}
