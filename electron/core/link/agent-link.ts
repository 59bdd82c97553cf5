import type { IncomingMessage } from 'node:http'
import type { SecureContext } from 'node:tls'
import { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { Emitter } from '../emitter.ts'
import { type AgentLinkLimits, type AgentLinkOptions, defaultAgentLinkLimits } from './agent-link-options.ts'
import { Backoff, spread } from './backoff.ts'
import { CloseCode, closeReason } from './close-codes.ts'
import { readWelcome } from './control-frames.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import { askGateway } from './gateway-request.ts'
import { openGatewaySocket } from './gateway-socket.ts'
import { explainFailure, fleetContext, gatewayAddress } from './gateway-trust.ts'
import { type Frame, FrameKind, gatewayName, type Link, type LinkState, maxFrameBytes } from './link.ts'
import { readRefusal } from './refusal.ts'

/** Most a CRL that is fetched may have, in bytes. */
const maxCrlBytes = 16 * 1024 * 1024

/**
 * An agent's link: a WebSocket to the gateway, kept up for as long as the agent runs. The state's reason is
 * `<error code>: <text>`. `refused` means that the gateway or this agent said no and that trying at once again would
 * not help; it is tried again all the same, slowly, because what was refused may be put right on the other side.
 */
export class AgentLink implements Link {
  readonly localAgent: string
  readonly #gateway: URL
  readonly #context: SecureContext
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #checkGateway: (certificate: Uint8Array) => string | null
  readonly #limits: AgentLinkLimits
  readonly #backoff: Backoff
  readonly #events: Emitter<{ frame: Frame; state: { state: LinkState; reason: string | null } }>
  #socket: WebSocket | null = null
  #state: LinkState = 'disconnected'
  #reason: string | null = null
  #ended = false
  #lastHeard = 0
  #cancelTimer: () => void = () => undefined

  /**
   * Begins to connect; `onState` tells how it goes.
   * @throws SecurityException `invalid_input` for the address, `certificate_invalid` if key and certificates do not fit
   */
  static connect(options: AgentLinkOptions): AgentLink {
    const link = new AgentLink(options)
    link.#attempt()
    return link
  }

  private constructor(options: AgentLinkOptions) {
    this.localAgent = options.agentId
    this.#gateway = gatewayAddress(options.gateway)
    this.#context = fleetContext(options)
    this.#clock = options.clock
    this.#random = options.random
    this.#checkGateway = options.checkGateway ?? (() => null)
    this.#limits = { ...defaultAgentLinkLimits, ...options.limits }
    const { firstRetryMilliseconds: first, longestRetryMilliseconds: longest } = this.#limits
    this.#backoff = new Backoff({ first, longest, random: options.random })
    this.#events = new Emitter(options.onError)
  }

  get state(): LinkState {
    return this.#state
  }

  /** Why it is not connected; null while it is, or is about to be. */
  get reason(): string | null {
    return this.#reason
  }

  send(frame: Frame): boolean {
    const socket = this.#socket
    if (!socket || this.#state !== 'connected' || socket.readyState !== WebSocket.OPEN) return false
    const bytes = encodeFrame(frame)
    if (bytes.length > maxFrameBytes || socket.bufferedAmount + bytes.length > this.#limits.maxQueueBytes)
      return false
    socket.send(bytes, { binary: true })
    return true
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    return this.#events.on('frame', listener)
  }

  onState(listener: (state: LinkState, reason: string | null) => void): () => void {
    return this.#events.on('state', ({ state, reason }) => listener(state, reason))
  }

  /** Ends the link for good, saying goodbye where it is up. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#cancelTimer()
    const socket = this.#socket
    this.#socket = null
    this.#turn('disconnected', 'The link was closed.')
    if (!socket || socket.readyState === WebSocket.CLOSED) return
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      const cancel = this.#clock.after(2000, () => socket.terminate())
      socket.once('close', cancel)
      socket.close(1000)
    })
  }

  #attempt(): void {
    const path = new URL(`/ws/${this.localAgent}`, this.#gateway)
    const socket = openGatewaySocket(path, this.#context, this.#checkGateway)
    this.#socket = socket
    this.#turn('connecting', null)
    let openedAt: number | null = null
    let failure: { state: 'disconnected' | 'refused'; reason: string } | null = null
    const cancelDeadline = this.#clock.after(this.#limits.connectMilliseconds, () => {
      failure ??= {
        state: 'disconnected',
        reason: closeReason('agent_unreachable', 'The gateway did not answer in time.'),
      }
      socket.terminate()
    })
    socket.on('unexpected-response', (_, response: IncomingMessage) => {
      void readRefusal(response).then(({ code, message, final }) => {
        failure = { state: final ? 'refused' : 'disconnected', reason: closeReason(code, message) }
        socket.terminate()
      })
    })
    socket.on('open', () => {
      cancelDeadline()
      openedAt = this.#clock.now()
      if (this.#socket !== socket) return
      this.#lastHeard = openedAt
      this.#turn('connected', null)
    })
    socket.on('ping', () => (this.#lastHeard = this.#clock.now()))
    socket.on('message', (data, isBinary) => {
      if (this.#socket === socket) this.#receive(socket, data as Buffer, isBinary)
    })
    socket.on('error', (error) => {
      const { code, message } = explainFailure(error)
      failure ??= {
        state: code.startsWith('certificate_') ? 'refused' : 'disconnected',
        reason: closeReason(code, message),
      }
    })
    socket.once('close', (code, reason) => {
      cancelDeadline()
      if (this.#socket !== socket) return
      this.#socket = null
      failure ??= { state: finalCodes.has(code) ? 'refused' : 'disconnected', reason: reasonOf(code, reason) }
      if (openedAt !== null && this.#clock.now() - openedAt >= this.#limits.steadyMilliseconds)
        this.#backoff.reset()
      this.#retry(failure.state, failure.reason)
    })
  }

  #retry(state: 'disconnected' | 'refused', reason: string): void {
    const wait =
      state === 'refused' ? spread(this.#limits.refusedRetryMilliseconds, this.#random) : this.#backoff.next()
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(wait, () => this.#attempt())
    this.#turn(state, reason)
  }

  #receive(socket: WebSocket, data: Buffer, isBinary: boolean): void {
    this.#lastHeard = this.#clock.now()
    let frame: Frame
    try {
      if (!isBinary) throw new TypeError('text')
      frame = decodeFrame(data)
    } catch {
      socket.close(
        CloseCode.malformed,
        closeReason('invalid_input', 'The gateway sent a frame that cannot be read.'),
      )
      return
    }
    // The gateway checks senders; it is not allowed to be one of the agents, nor they to be it.
    const control = frame.kind >= FrameKind.welcome
    if (frame.to !== this.localAgent || control !== (frame.from === gatewayName)) return
    if (frame.kind === FrameKind.welcome) this.#watch(socket, frame)
    if (frame.kind === FrameKind.crl && frame.body.length === 0) void this.#fetchCrl(frame)
    else this.#events.emit('frame', frame)
  }

  /** Gives the gateway up when it is silent for two and a half of its pings: a dead line says nothing by itself. */
  #watch(socket: WebSocket, welcome: Frame): void {
    let longest: number
    try {
      longest = readWelcome(welcome).pingMilliseconds * 2.5
    } catch {
      return
    }
    const check = (): void => {
      if (this.#socket !== socket) return
      if (this.#clock.now() - this.#lastHeard >= longest) socket.terminate()
      else this.#cancelTimer = this.#clock.after(longest / 5, check)
    }
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(longest / 5, check)
  }

  /** The CRL is too big for a frame. */
  async #fetchCrl(notice: Frame): Promise<void> {
    try {
      const { status, body } = await askGateway({
        gateway: this.#gateway,
        method: 'GET',
        path: '/crl.der',
        context: this.#context,
        clock: this.#clock,
        timeoutMilliseconds: 30_000,
        maxBytes: maxCrlBytes,
      })
      if (status === 200 && !this.#ended)
        this.#events.emit('frame', { ...notice, body: Uint8Array.from(body) })
    } catch {
      // The next connection, or the next CRL, brings it again.
    }
  }

  #turn(state: LinkState, reason: string | null): void {
    this.#state = state
    this.#reason = reason
    this.#events.emit('state', { state, reason })
  }
}

/** Closed for a reason that the next attempt would meet again. */
const finalCodes = new Set<number>([CloseCode.notTrusted, CloseCode.replaced])

function reasonOf(code: number, reason: Buffer): string {
  if (reason.length > 0) return reason.toString()
  return closeReason(
    'agent_unreachable',
    code === 1006 ? 'The connection broke.' : `The gateway closed the connection (${code}).`,
  )
}
