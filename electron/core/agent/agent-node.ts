import type { ErrorCode } from '#shared/errors.ts'
import type { RotationEntry, TrafficEntry } from '#shared/model/session.ts'
import { consoleAgentId } from '../ca/identity.ts'
import type { Clock } from '../clock.ts'
import { encodePem } from '../crypto/pem.ts'
import { platformRandom, type RandomSource } from '../crypto/random.ts'
import { takeIdentityKey } from '../crypto/signature.ts'
import { Emitter } from '../emitter.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import { AgentLink } from '../link/agent-link.ts'
import { readPresence } from '../link/control-frames.ts'
import { type Frame, FrameKind, gatewayName, type LinkState } from '../link/link.ts'
import type { Message } from '../session/delivery.ts'
import { PeerTrust } from '../session/peer-trust.ts'
import { type ReceivedMessage, SecureCommunicationProtocol } from '../session/protocol.ts'
import type { SecureSession } from '../session/secure-session.ts'
import { SequenceCounters } from '../store/counters.ts'
import { Database } from '../store/database.ts'
import { agentMigrations } from '../store/migrations.ts'
import { type AgentFolder, type AgentSettings, certificateDer } from './agent-folder.ts'
import { answerDocking } from './docking.ts'
import { Drill, recordMessages } from './drill.ts'
import { type RotateAnswer, RotateOrder } from './fleet-messages.ts'
import { Reporter } from './reporter.ts'

/** How long after a failed handshake with a companion the next one is tried, in milliseconds. */
const retryMilliseconds = 3_000
/** How often the certificates of peers are looked at again, in milliseconds. */
const reviewMilliseconds = 60_000
/** The same after a refusal, in milliseconds. */
const refusedMilliseconds = 60_000

/** The protocol's part of an agent's behaviour; the spec's keys, with the console's defaults. */
export interface AgentBehaviour {
  /** Seconds. */
  readonly keyRotationInterval: number
  readonly maxMessageAge: number
  readonly replayWindowSize: number
  /** Answers docking requests for this port; null refuses them. */
  readonly dockingPort: string | null
  /** Agents that a session is kept with, beside the console. */
  readonly companions: readonly string[]
}

interface AgentEvents {
  link: { state: LinkState; reason: string | null }
  established: SecureSession
  closed: { session: SecureSession; reason: string }
  message: ReceivedMessage
  traffic: TrafficEntry
  rotation: RotationEntry
  handshakeFailed: { peer: string; error: SecurityException }
  /** This agent's own certificate is no longer good: the agent has ended its sessions. */
  distrusted: CertificateError
}

/**
 * An agent without a window: connects to the gateway by its certificate, keeps a session with the console and with
 * whom it talks to, obeys rotation orders of the console, and answers docking requests.
 */
export class AgentNode {
  readonly agentId: string
  readonly protocol: SecureCommunicationProtocol
  readonly drill: Drill
  readonly #clock: Clock
  readonly #folder: AgentFolder
  readonly #behaviour: AgentBehaviour
  readonly #link: AgentLink
  readonly #trust: PeerTrust
  readonly #certificate: Buffer
  readonly #database: Database
  readonly #reporter: Reporter
  readonly #events = new Emitter<AgentEvents>()
  readonly #stopListening: (() => void)[] = []
  readonly #companions: readonly string[]
  readonly #retries = new Map<string, () => void>()
  #cancelReview: () => void = () => undefined
  #distrusted = false

  private constructor(parts: {
    clock: Clock
    random: RandomSource
    onError: (error: unknown) => void
    folder: AgentFolder
    settings: AgentSettings
    behaviour: AgentBehaviour
    key: Buffer
    certificate: string
    trustAnchor: string
  }) {
    const { clock, folder, settings, behaviour } = parts
    this.agentId = settings.agentId
    this.#clock = clock
    this.#folder = folder
    this.#behaviour = behaviour
    this.#companions = [consoleAgentId, ...behaviour.companions]
    this.#certificate = certificateDer(parts.certificate)
    this.#trust = new PeerTrust({ clock, trustAnchor: certificateDer(parts.trustAnchor), crl: folder.crl() })
    this.#database = Database.open(folder.databaseFile, agentMigrations)
    const counters = new SequenceCounters({ database: this.#database })
    const pem = encodePem('PRIVATE KEY', parts.key)
    try {
      this.#link = AgentLink.connect({
        gateway: settings.gateway,
        agentId: settings.agentId,
        key: pem,
        certificate: parts.certificate,
        trustAnchor: parts.trustAnchor,
        clock,
        random: parts.random,
        onError: parts.onError,
        checkGateway: (certificateOfGateway) => this.#trust.refusesGateway(certificateOfGateway),
      })
    } finally {
      pem.fill(0)
    }
    const { link, recorded } = recordMessages(this.#link)
    this.protocol = new SecureCommunicationProtocol({
      party: {
        agentId: settings.agentId,
        signer: takeIdentityKey(parts.key),
        chain: [this.#certificate],
        random: parts.random,
        firstSequence: (peer) => counters.next(peer),
        judge: (chain, peer) => this.#trust.judge(chain, peer),
        proved: (chain, peer) => this.#trust.proved(chain, peer),
      },
      link,
      clock,
      keyRotationInterval: behaviour.keyRotationInterval,
      maxMessageAge: behaviour.maxMessageAge,
      replayWindowSize: behaviour.replayWindowSize,
      nextSequence: (peer) => counters.next(peer),
      onError: parts.onError,
    })
    this.drill = new Drill({ link, recorded, protocol: this.protocol, random: parts.random, clock })
    this.#reporter = new Reporter({ protocol: this.protocol, clock, consoleAgent: consoleAgentId })
    this.#listen()
    this.#review()
  }

  /**
   * Reads an enrolled agent's folder and begins to connect.
   * @throws SecurityException `conflict` when it is not enrolled yet, and what the files' own checks throw.
   */
  static open(
    folder: AgentFolder,
    behaviour: AgentBehaviour,
    deps: { clock: Clock; random?: RandomSource; onError?: (error: unknown) => void },
  ): AgentNode {
    const settings = folder.settings()
    const certificate = folder.certificate()
    const trustAnchor = folder.trustAnchor()
    const key = folder.readKey()
    if (settings === null || certificate === null || trustAnchor === null || key === null) {
      key?.fill(0)
      throw new SecurityException(
        'conflict',
        'This agent is not enrolled yet. Run "groundlock agent enrol" first.',
      )
    }
    try {
      return new AgentNode({
        ...deps,
        random: deps.random ?? platformRandom,
        onError: deps.onError ?? (() => undefined),
        folder,
        settings,
        behaviour,
        key,
        certificate,
        trustAnchor,
      })
    } finally {
      key.fill(0)
    }
  }

  on<Name extends keyof AgentEvents>(name: Name, listener: (payload: AgentEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  get linkState(): LinkState {
    return this.#link.state
  }

  async stop(): Promise<void> {
    for (const cancel of this.#retries.values()) cancel()
    this.#cancelReview()
    this.#reporter.stop()
    this.protocol.stop()
    for (const stop of this.#stopListening) stop()
    await this.#link.close()
    this.#database.close()
  }

  /**
   * Sends a message and, where `replyType` is given, waits for the peer's next message of that type.
   * @param timeout seconds to wait for the reply
   * @throws EncryptionError, AuthenticationError, CertificateError when no session can be had
   */
  async send(
    to: string,
    message: Message,
    priority: number,
    replyType: string | null,
    timeout: number,
  ): Promise<{ delivered: boolean; reply: Message | null }> {
    const session = await this.protocol.establishSecureSession(to)
    const reply = replyType === null ? null : this.#awaitReply(to, replyType, timeout)
    const delivered = await this.protocol.sendSecureMessage(session, message, priority)
    return { delivered, reply: delivered && reply !== null ? await reply : null }
  }

  #awaitReply(from: string, type: string, timeout: number): Promise<Message | null> {
    return new Promise((resolve) => {
      const settle = (message: Message | null): void => {
        stop()
        cancel()
        resolve(message)
      }
      const stop = this.protocol.on('message', ({ session, message }) => {
        if (session.peerAgent === from && message.type === type) settle(message)
      })
      const cancel = this.#clock.after(timeout * 1000, () => settle(null))
    })
  }

  #listen(): void {
    this.#stopListening.push(
      this.#link.onState((state, reason) => this.#linkChanged(state, reason)),
      this.#link.onFrame((frame) => this.#takeControl(frame)),
      this.protocol.on('established', (session) => this.#events.emit('established', session)),
      this.protocol.on('closed', (closed) => this.#events.emit('closed', closed)),
      this.protocol.on('traffic', (entry) => this.#events.emit('traffic', entry)),
      this.protocol.on('rotation', (entry) => this.#events.emit('rotation', entry)),
      this.protocol.on('handshakeFailed', (failure) => {
        this.#events.emit('handshakeFailed', failure)
        this.#reachLater(failure.peer, failure.error.code)
      }),
      this.protocol.on('message', (received) => void this.#take(received)),
    )
  }

  #linkChanged(state: LinkState, reason: string | null): void {
    this.#events.emit('link', { state, reason })
    if (state === 'connected') for (const peer of this.#companions) this.#reach(peer)
    else if (state === 'refused') this.#closeAll(reason ?? 'the gateway refused the connection')
  }

  /** Keeps a session with a companion. A failure is announced as `handshakeFailed`, which tries again. */
  #reach(peer: string): void {
    this.#retries.get(peer)?.()
    this.#retries.delete(peer)
    if (this.#link.state === 'connected') this.protocol.establishSecureSession(peer).catch(() => undefined)
  }

  #reachLater(peer: string, code: ErrorCode): void {
    if (!this.#companions.includes(peer)) return
    // What was refused has to be put right by a person; asking again soon would only fill the other side's log.
    const wait =
      code === 'agent_unreachable' || code === 'session_failed' ? retryMilliseconds : refusedMilliseconds
    this.#retries.get(peer)?.()
    this.#retries.set(
      peer,
      this.#clock.after(wait, () => this.#reach(peer)),
    )
  }

  #takeControl(frame: Frame): void {
    if (frame.from !== gatewayName) return
    if (frame.kind === FrameKind.crl && frame.body.length > 0) this.#takeCrl(frame)
    else if (frame.kind === FrameKind.presence) {
      // A companion that went politely has ended the session; when it is back a new one begins.
      const { agentId, connected } = readPresence(frame)
      if (connected && this.#companions.includes(agentId)) this.#reach(agentId)
    }
  }

  #takeCrl(frame: Frame): void {
    try {
      if (!this.#trust.update(frame.body)) return
    } catch (error) {
      // A forged list changes nothing.
      if (error instanceof SecurityException) return
      throw error
    }
    this.#review()
    try {
      this.#folder.writeCrl(frame.body)
    } catch (error) {
      // With a full disk the list is in force as long as this process runs, and comes again with the next connection.
      if (!(error instanceof SecurityException)) throw error
    }
  }

  /** Ends the sessions with whom is no longer trusted, now and once a minute, because certificates expire. */
  #review(): void {
    for (const { peer, error } of this.#trust.review()) this.protocol.close(peer, error.message, true)
    this.#checkOwn()
    this.#cancelReview()
    this.#cancelReview = this.#clock.after(reviewMilliseconds, () => this.#review())
  }

  #checkOwn(): void {
    try {
      this.#trust.checkOwn(this.#certificate, this.agentId)
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error
      this.#closeAll(error.message)
      if (!this.#distrusted) this.#events.emit('distrusted', error)
      this.#distrusted = true
    }
  }

  #closeAll(reason: string): void {
    for (const session of this.protocol.sessions()) this.protocol.close(session.peerAgent, reason)
  }

  async #take(received: ReceivedMessage): Promise<void> {
    const { session, message } = received
    if (message.type === 'groundlock.rotate') {
      // Only the console gives orders.
      if (session.peerAgent === consoleAgentId) await this.#rotate(message)
      return
    }
    this.#events.emit('message', received)
    const answer = answerDocking(message, this.#behaviour.dockingPort)
    if (answer !== null)
      await this.protocol.sendSecureMessage(session, answer, received.header.priority).catch(() => false)
  }

  async #rotate(message: Message): Promise<void> {
    const order = RotateOrder.safeParse(message)
    if (!order.success) return
    const { requestId, sessionId } = order.data
    const session = this.protocol.session(sessionId)
    const entry = session === null ? null : await this.protocol.rotate(session, 'operator')
    const answer: RotateAnswer = {
      type: 'groundlock.rotated',
      requestId,
      entry,
      problem: session === null ? 'The session is not open here.' : null,
    }
    await this.protocol.sendSecureMessage({ peerAgent: consoleAgentId }, answer, 5).catch(() => false)
  }
}
