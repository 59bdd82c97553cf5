import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { SecurityException } from '../errors.ts'
import { admit } from './admission.ts'
import { type AdmittedPeer, AgentDoor } from './agent-door.ts'
import { CloseCode } from './close-codes.ts'
import { Connection, type ConnectionHandlers } from './connection.ts'
import { ConsoleLink } from './console-link.ts'
import { controlFrame } from './control-frames.ts'
import { EnrolmentHttp } from './enrolment-http.ts'
import { GatewayRecorder } from './gateway-recorder.ts'
import { replyWithJson } from './http-reply.ts'
import { defaultGatewayLimits, type GatewayLimits } from './limits.ts'
import { FrameKind, type Link, maxFrameBytes } from './link.ts'
import { type ListenAddress, Listener, type ListenOptions } from './listener.ts'
import { SourceRates } from './rate-limit.ts'
import { Relay } from './relay.ts'
import { sourceOf } from './source.ts'
import type { EnrolmentCounter, FleetDirectory, GatewayAudit, Turned } from './surroundings.ts'

export interface GatewayOptions {
  readonly clock: Clock
  readonly directory: FleetDirectory
  readonly enrolment: EnrolmentCounter
  readonly audit?: GatewayAudit
  readonly limits?: Partial<GatewayLimits>
  /** Told of faults of the engine's own parts behind the gateway; peers read `internal`. */
  readonly onError?: (error: unknown) => void
}

export interface AgentPresence {
  readonly agentId: string
  readonly connected: boolean
  readonly remoteAddress: string
}

/**
 * Where agents reach the fleet: HTTPS for enrolment, and one WebSocket per agent over which frames are relayed. It
 * knows who is connected and holds no session key; what agents say to each other it cannot read.
 */
export class Gateway {
  readonly #clock: Clock
  readonly #directory: FleetDirectory
  readonly #limits: GatewayLimits
  readonly #recorder: GatewayRecorder
  readonly #requests: SourceRates
  readonly #http: EnrolmentHttp
  readonly #listener: Listener
  readonly #console: ConsoleLink
  readonly #relay: Relay
  readonly #connections = new Map<string, Connection>()
  readonly #events: Emitter<{ presence: AgentPresence; refused: Turned }>
  readonly #handlers: ConnectionHandlers
  #address: ListenAddress | null = null

  constructor({ clock, directory, enrolment, audit, limits, onError = () => undefined }: GatewayOptions) {
    this.#clock = clock
    this.#directory = directory
    this.#limits = { ...defaultGatewayLimits, ...limits }
    if (this.#limits.maxFrameBytes > maxFrameBytes)
      throw new RangeError(`maxFrameBytes is at most ${maxFrameBytes}`)
    this.#recorder = new GatewayRecorder(audit ?? (() => undefined), clock, onError)
    this.#events = new Emitter(onError)
    this.#requests = new SourceRates(
      { perSecond: this.#limits.requestsPerSecond, burst: this.#limits.requestBurst },
      clock,
    )
    const onTurned = (turned: Turned): void => this.#turn(turned)
    this.#http = new EnrolmentHttp({ enrolment, directory, clock, limits: this.#limits, onTurned, onError })
    const door = new AgentDoor({
      directory,
      limits: this.#limits,
      requests: this.#requests,
      onAdmitted: (peer) => this.#admitted(peer),
      onTurned,
      onError,
    })
    this.#listener = new Listener(this.#limits, {
      onRequest: (request, response) => this.#answer(request, response),
      onUpgrade: (request, socket, head) => door.enter(request, socket, head),
      onTurned,
    })
    this.#console = new ConsoleLink(
      directory.consoleAgent,
      (frame) => this.#relay.fromConsole(frame),
      onError,
    )
    this.#relay = new Relay({
      find: (agentId) => this.#connections.get(agentId),
      console: this.#console,
      audit: (key, entry) => this.#recorder.record(key, entry),
    })
    this.#handlers = {
      onFrame: (connection, bytes) => this.#relay.fromAgent(connection, bytes),
      onViolation: (connection, code, message) => this.#recorder.violation(connection, code, message),
      onAlive: (connection) => this.#revalidate(connection),
      onClosed: (connection) => this.#closed(connection),
    }
  }

  /** The console's own way to the agents. */
  get consoleLink(): Link {
    return this.#console
  }

  /** Where the gateway listens; null while it does not. */
  get address(): ListenAddress | null {
    return this.#address
  }

  /**
   * Opens the port. The key is not kept: the caller may fill it with zeros afterwards.
   * @returns the address, with the port that was found where 0 was asked for
   * @throws SecurityException `port_in_use`, `configuration_invalid`, `certificate_invalid`, `conflict` if it listens already
   */
  async start(options: ListenOptions): Promise<ListenAddress> {
    if (this.#address) throw new SecurityException('conflict', 'The gateway listens already.')
    this.#address = await this.#listener.listen(options)
    this.#console.turn('connected', null)
    return this.#address
  }

  /** Tells the agents that the gateway goes, then closes the port. They come back by themselves. */
  async stop(): Promise<void> {
    if (!this.#address) return
    this.#address = null
    this.#console.turn('disconnected', 'The gateway is stopped.')
    const leaving = [...this.#connections.values()].map((connection) =>
      connection.leave('The gateway stops.'),
    )
    await Promise.all(leaving)
    await this.#listener.close()
  }

  isConnected(agentId: string): boolean {
    return (
      this.#connections.has(agentId) ||
      (agentId === this.#console.localAgent && this.#console.state === 'connected')
    )
  }

  /** The agent's address, without port; null if it is not connected. */
  remoteAddress(agentId: string): string | null {
    return this.#connections.get(agentId)?.remoteAddress ?? null
  }

  connections(): AgentPresence[] {
    return [...this.#connections.values()].map(({ agentId, remoteAddress }) => ({
      agentId,
      connected: true,
      remoteAddress,
    }))
  }

  /** Ends an agent's connection, for example because it was declared compromised. */
  disconnect(agentId: string, closeCode: CloseCode, reason: string): void {
    this.#connections
      .get(agentId)
      ?.close(closeCode, closeCode === CloseCode.notTrusted ? 'certificate_revoked' : 'not_allowed', reason)
  }

  /** Sends a new CRL (DER) to every agent and to the console's link, and disconnects whom it names. */
  announceCrl(der: Uint8Array): void {
    for (const connection of [...this.#connections.values()]) {
      if (this.#revalidate(connection)) connection.send(this.#crlFrame(connection.agentId, der))
    }
    this.#console.deliver(this.#crlFrame(this.#console.localAgent, der))
  }

  onPresence(listener: (presence: AgentPresence) => void): () => void {
    return this.#events.on('presence', listener)
  }

  /** Tells of every connection or request that was turned away. `agentId` is set only where it was proved. */
  onRefused(listener: (turned: Turned) => void): () => void {
    return this.#events.on('refused', listener)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const source = sourceOf(request.socket.remoteAddress)
    if (this.#requests.take(source)) {
      void this.#http.handle(request, response)
      return
    }
    const turned: Turned = {
      agentId: null,
      code: 'rate_limited',
      message: 'Too many requests from this source.',
      source,
    }
    replyWithJson(
      response,
      429,
      { code: turned.code, message: turned.message },
      { connection: 'close', 'retry-after': '5' },
    )
    this.#turn(turned)
  }

  #admitted(peer: AdmittedPeer): void {
    const { agentId, remoteAddress } = peer
    const connection = new Connection(peer, {
      clock: this.#clock,
      limits: this.#limits,
      handlers: this.#handlers,
    })
    if (!this.#recorder.connected(connection, this.#connections.has(agentId))) {
      // What cannot be recorded is not done.
      connection.close(
        CloseCode.goingAway,
        'storage_full',
        'The connection cannot be recorded. Try again later.',
      )
      return
    }
    const previous = this.#connections.get(agentId)
    this.#connections.set(agentId, connection)
    previous?.close(CloseCode.replaced, 'conflict', 'The same agent connected anew, with the same key.')
    connection.send(this.#welcomeFrame(agentId))
    try {
      connection.send(this.#crlFrame(agentId, this.#directory.crl()))
    } catch (error) {
      this.#recorder.fault(error)
    }
    this.#announce({ agentId, connected: true, remoteAddress })
  }

  #closed(connection: Connection): void {
    // A connection that was replaced is no longer the agent's.
    if (this.#connections.get(connection.agentId) !== connection) return
    this.#connections.delete(connection.agentId)
    this.#recorder.disconnected(connection)
    this.#announce({ agentId: connection.agentId, connected: false, remoteAddress: connection.remoteAddress })
  }

  /** Certificates expire and are revoked while a connection stands. True if this one is still good. */
  #revalidate(connection: Connection): boolean {
    let admission: ReturnType<typeof admit>
    try {
      admission = admit(connection.agentId, connection.certificate, this.#directory)
    } catch (error) {
      this.#recorder.fault(error)
      return true
    }
    if (!admission.ok) connection.close(CloseCode.notTrusted, admission.code, admission.message)
    return admission.ok
  }

  #announce(presence: AgentPresence): void {
    const { agentId, connected } = presence
    for (const other of this.#connections.values()) {
      if (other.agentId !== agentId)
        other.send(controlFrame(FrameKind.presence, other.agentId, { agentId, connected }))
    }
    this.#console.deliver(controlFrame(FrameKind.presence, this.#console.localAgent, { agentId, connected }))
    this.#events.emit('presence', presence)
  }

  #turn(turned: Turned): void {
    this.#recorder.turned(turned)
    this.#events.emit('refused', turned)
  }

  #welcomeFrame(agentId: string): Uint8Array {
    const { framesPerSecond, bytesPerSecond, pingMilliseconds } = this.#limits
    return controlFrame(FrameKind.welcome, agentId, {
      agentId,
      console: this.#console.localAgent,
      time: this.#clock.now(),
      maxFrameBytes: this.#limits.maxFrameBytes,
      framesPerSecond,
      bytesPerSecond,
      pingMilliseconds,
      connected: [this.#console.localAgent, ...this.#connections.keys()].filter((other) => other !== agentId),
    })
  }

  /** A CRL too big for a frame is sent as an empty body, which says: fetch /crl.der. */
  #crlFrame(agentId: string, der: Uint8Array): Uint8Array {
    const frame = controlFrame(FrameKind.crl, agentId, der)
    return frame.length <= this.#limits.maxFrameBytes
      ? frame
      : controlFrame(FrameKind.crl, agentId, new Uint8Array())
  }
}
