import type { RawData, WebSocket } from 'ws'
import type { ErrorCode } from '#shared/errors.ts'
import type { Clock } from '../clock.ts'
import type { AdmittedPeer } from './agent-door.ts'
import { CloseCode, closeReason } from './close-codes.ts'
import type { GatewayLimits } from './limits.ts'
import { TokenBucket } from './rate-limit.ts'

export interface ConnectionHandlers {
  /** A binary message, within the agent's rates; not read yet. */
  onFrame(connection: Connection, bytes: Buffer): void
  /** The connection is being closed because of what the agent did. */
  onViolation(connection: Connection, code: ErrorCode, message: string): void
  /** The agent answered a ping in time, and another is due. */
  onAlive(connection: Connection): void
  onClosed(connection: Connection): void
}

/** One agent's WebSocket at the gateway: its rates, its outgoing queue, its liveness, and how it ends. */
export class Connection {
  readonly agentId: string
  readonly remoteAddress: string
  /** DER, as proved in TLS. */
  readonly certificate: Uint8Array
  readonly #socket: WebSocket
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #handlers: ConnectionHandlers
  readonly #frames: TokenBucket
  readonly #bytes: TokenBucket
  #alive = true
  #closing = false
  #endedFor: ErrorCode | null = null
  #ended = false
  #cancelPing: () => void = () => undefined
  #cancelSlow: (() => void) | null = null

  constructor(
    peer: AdmittedPeer,
    surroundings: { clock: Clock; limits: GatewayLimits; handlers: ConnectionHandlers },
  ) {
    this.agentId = peer.agentId
    this.remoteAddress = peer.remoteAddress
    this.certificate = peer.certificate
    this.#socket = peer.socket
    this.#clock = surroundings.clock
    this.#limits = surroundings.limits
    this.#handlers = surroundings.handlers
    const { framesPerSecond, frameBurst, bytesPerSecond, byteBurst } = this.#limits
    this.#frames = new TokenBucket({ perSecond: framesPerSecond, burst: frameBurst }, this.#clock)
    this.#bytes = new TokenBucket({ perSecond: bytesPerSecond, burst: byteBurst }, this.#clock)
    this.#listen()
    this.#pingLater()
  }

  /** Bytes that wait to be sent. */
  get queued(): number {
    return this.#socket.bufferedAmount
  }

  /** Why the gateway ended it; null while it stands, and where the agent went by itself. */
  get endedFor(): ErrorCode | null {
    return this.#endedFor
  }

  /**
   * Queues an encoded frame. False if the connection ends or its queue is full; then nothing was queued, and an agent
   * that keeps its queue full is disconnected after the time for slow readers.
   */
  send(frame: Uint8Array): boolean {
    if (this.#closing) return false
    if (this.#socket.bufferedAmount + frame.length > this.#limits.maxQueueBytes) {
      this.#watchSlowReader()
      return false
    }
    this.#socket.send(frame, { binary: true, compress: false })
    return true
  }

  /** Ends the connection with a reason the agent reads as `<code>: <message>`. Further calls do nothing. */
  close(closeCode: CloseCode, code: ErrorCode, message: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#endedFor = code
    this.#cancelPing()
    this.#cancelSlow?.()
    this.#socket.close(closeCode, closeReason(code, message))
  }

  /** Ends the connection because the gateway goes; answers when the peer has said goodbye or its time is over. */
  async leave(message: string): Promise<void> {
    if (this.#ended) return
    const ended = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.close(CloseCode.goingAway, 'agent_unreachable', message)
    await ended
  }

  /** As `close`, and tells the gateway that the agent broke a rule. */
  refuse(closeCode: CloseCode, code: ErrorCode, message: string): void {
    if (this.#closing) return
    this.close(closeCode, code, message)
    this.#handlers.onViolation(this, code, message)
  }

  #listen(): void {
    this.#socket.on('message', (data: RawData, isBinary) => this.#receive(data as Buffer, isBinary))
    this.#socket.on('ping', () => {
      if (!this.#closing && !this.#frames.take()) this.#tooFast()
    })
    this.#socket.on('pong', () => {
      this.#alive = true
    })
    // The socket's own close code follows (see AgentSocket); this is the record of it.
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#closing || !error.code?.startsWith('WS_ERR_')) return
      this.#closing = true
      this.#endedFor = 'invalid_input'
      const tooBig = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      const message = tooBig
        ? `A frame is larger than ${this.#limits.maxFrameBytes} bytes.`
        : 'The bytes do not follow the WebSocket protocol.'
      this.#handlers.onViolation(this, 'invalid_input', message)
    })
    this.#socket.once('close', () => {
      this.#closing = true
      this.#ended = true
      this.#cancelPing()
      this.#cancelSlow?.()
      this.#handlers.onClosed(this)
    })
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#closing) return
    this.#alive = true
    if (!isBinary) {
      this.refuse(CloseCode.malformed, 'invalid_input', 'A frame is a binary message; this one is text.')
      return
    }
    // A bucket smaller than the largest frame would refuse it for ever; one such frame then takes the whole bucket.
    const cost = Math.min(data.length, this.#limits.byteBurst)
    if (!this.#frames.take() || !this.#bytes.take(cost)) this.#tooFast()
    else this.#handlers.onFrame(this, data)
  }

  #tooFast(): void {
    const { framesPerSecond, bytesPerSecond } = this.#limits
    const message = `At most ${framesPerSecond} frames and ${bytesPerSecond} bytes a second are taken.`
    this.refuse(CloseCode.tooFast, 'rate_limited', message)
  }

  #watchSlowReader(): void {
    this.#cancelSlow ??= this.#clock.after(this.#limits.slowReaderMilliseconds, () => {
      this.#cancelSlow = null
      // Half empty counts as keeping up: it reads, only slower than it is spoken to.
      if (this.queued <= this.#limits.maxQueueBytes / 2) return
      this.refuse(CloseCode.notKeepingUp, 'agent_unreachable', 'Frames are not read as fast as they come.')
    })
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(this.#limits.pingMilliseconds, () => {
      if (!this.#alive) {
        this.refuse(CloseCode.notKeepingUp, 'agent_unreachable', 'No answer to the last ping.')
        return
      }
      this.#alive = false
      this.#handlers.onAlive(this)
      if (this.#closing) return
      this.#socket.ping()
      this.#pingLater()
    })
  }
}
