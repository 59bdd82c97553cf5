import { isFleetMessage, Report } from '../agent/fleet-messages.ts'
import type { AuditBursts } from '../audit/burst.ts'
import { consoleAgentId } from '../ca/identity.ts'
import type { Clock } from '../clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { takeIdentityKey } from '../crypto/signature.ts'
import type { SecurityException } from '../errors.ts'
import type { Link } from '../link/link.ts'
import type { RotationDesk } from '../rotation/rotation-desk.ts'
import type { PeerTrust } from '../session/peer-trust.ts'
import { type ReceivedMessage, SecureCommunicationProtocol } from '../session/protocol.ts'
import type { SessionBoard } from '../session/session-board.ts'
import type { TrafficDesk } from '../session/traffic-desk.ts'
import type { ServiceKey } from './service-keys.ts'

interface FleetStationOptions {
  readonly key: ServiceKey
  readonly link: Link
  readonly trust: PeerTrust
  readonly clock: Clock
  readonly random: RandomSource
  readonly nextSequence: (peer: string) => number
  readonly keyRotationInterval: number
  readonly maxMessageAge: number
  readonly replayWindowSize: number
  readonly board: SessionBoard
  readonly traffic: TrafficDesk
  readonly rotation: RotationDesk
  readonly bursts: AuditBursts
}

/** The console as the agent `ground-station`: its sessions, and what agents report in them. */
export class FleetStation {
  readonly protocol: SecureCommunicationProtocol
  readonly #options: FleetStationOptions

  /** Takes the key over and fills it with zeros. */
  constructor(options: FleetStationOptions) {
    this.#options = options
    this.protocol = new SecureCommunicationProtocol({
      party: {
        agentId: consoleAgentId,
        signer: takeIdentityKey(options.key.pkcs8),
        chain: [options.key.certificate.der],
        random: options.random,
        firstSequence: options.nextSequence,
        judge: (chain, peer) => options.trust.judge(chain, peer),
      },
      link: options.link,
      clock: options.clock,
      keyRotationInterval: options.keyRotationInterval,
      maxMessageAge: options.maxMessageAge,
      replayWindowSize: options.replayWindowSize,
      nextSequence: options.nextSequence,
    })
    const { board, traffic, rotation } = options
    this.protocol.on('established', (session) => board.update(consoleAgentId, this.protocol.view(session)))
    this.protocol.on('changed', (session) => board.update(consoleAgentId, this.protocol.view(session)))
    this.protocol.on('closed', ({ session }) => board.update(consoleAgentId, this.protocol.view(session)))
    this.protocol.on('rotation', (entry) => rotation.told(entry, consoleAgentId))
    this.protocol.on('traffic', (entry) => {
      if (entry.verdict !== null || !isFleetMessage(entry.messageType)) traffic.take(consoleAgentId, [entry])
    })
    this.protocol.on('handshakeFailed', ({ peer, error }) => this.#recordFailure(peer, error))
    this.protocol.on('message', (received) => this.#take(received))
  }

  /** Ends the sessions with peers whose certificates are no longer good. */
  review(): void {
    for (const { peer, error } of this.#options.trust.review()) this.protocol.close(peer, error.message, true)
  }

  stop(): void {
    this.protocol.stop()
  }

  #take({ session, message }: ReceivedMessage): void {
    if (message.type === 'groundlock.rotated')
      return this.#options.rotation.answered(session.peerAgent, message)
    if (message.type !== 'groundlock.report') return
    const report = Report.safeParse(message)
    if (!report.success) return
    const from = session.peerAgent
    for (const view of report.data.sessions) this.#options.board.update(from, view)
    this.#options.traffic.take(from, report.data.traffic)
    for (const entry of report.data.rotations) {
      // The side that was asked reports too; the side that began tells the trigger.
      if (entry.trigger !== 'peer' && entry.peers.includes(from)) this.#options.rotation.told(entry, from)
    }
  }

  #recordFailure(peer: string, error: SecurityException): void {
    if (error.code === 'agent_unreachable') return
    this.#options.bursts.record(`handshake ${peer} ${error.code}`, {
      type: 'AUTHENTICATION_FAILURE',
      severity: 'HIGH',
      actor: peer,
      subject: consoleAgentId,
      detail: { reason: error.code, note: error.message.slice(0, 300) },
    })
  }
}
