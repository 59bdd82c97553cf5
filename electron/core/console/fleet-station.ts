import { isFleetMessage, Report } from '../agent/fleet-messages.ts'
import type { AuditBursts } from '../audit/burst.ts'
import { consoleAgentId } from '../ca/identity.ts'
import type { Clock } from '../clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { takeIdentityKey } from '../crypto/signature.ts'
import { SecurityException } from '../errors.ts'
import type { Link } from '../link/link.ts'
import { SourceRates } from '../link/rate-limit.ts'
import type { RotationDesk } from '../rotation/rotation-desk.ts'
import type { Message } from '../session/delivery.ts'
import type { PeerTrust } from '../session/peer-trust.ts'
import { type ReceivedMessage, SecureCommunicationProtocol } from '../session/protocol.ts'
import type { SessionBoard } from '../session/session-board.ts'
import type { TrafficDesk } from '../session/traffic-desk.ts'
import type { Database } from '../store/database.ts'
import type { ReportStore } from '../store/reports.ts'
import type { ServiceKey } from './service-keys.ts'

/** How often an agent may report: it collects for a quarter of a second. */
const reportRate = { perSecond: 8, burst: 40 }
/** Failed rotations that are recorded of one report. */
const failuresPerReport = 10
/** How often the certificates of peers are looked at again, in milliseconds: they expire. */
const reviewMilliseconds = 60_000

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
  readonly database: Database
  readonly reports: ReportStore
  readonly onError: (error: unknown) => void
}

/** The console as the agent `ground-station`: its sessions, and what agents report in them. */
export class FleetStation {
  readonly protocol: SecureCommunicationProtocol
  readonly #options: FleetStationOptions
  readonly #reportRates: SourceRates
  #cancelReview: () => void = () => undefined

  /** Takes the key over and fills it with zeros. */
  constructor(options: FleetStationOptions) {
    this.#options = options
    this.#reportRates = new SourceRates(reportRate, options.clock)
    this.protocol = new SecureCommunicationProtocol({
      party: {
        agentId: consoleAgentId,
        signer: takeIdentityKey(options.key.pkcs8),
        chain: [options.key.certificate.der],
        random: options.random,
        firstSequence: options.nextSequence,
        judge: (chain, peer) => options.trust.judge(chain, peer),
        proved: (chain, peer) => options.trust.proved(chain, peer),
      },
      link: options.link,
      clock: options.clock,
      keyRotationInterval: options.keyRotationInterval,
      maxMessageAge: options.maxMessageAge,
      replayWindowSize: options.replayWindowSize,
      nextSequence: options.nextSequence,
      onError: options.onError,
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
    this.review()
  }

  /** Ends the sessions with peers whose certificates are no longer good, now and once a minute. */
  review(): void {
    for (const { peer, error } of this.#options.trust.review()) this.protocol.close(peer, error.message, true)
    this.#cancelReview()
    this.#cancelReview = this.#options.clock.after(reviewMilliseconds, () => this.review())
  }

  stop(): void {
    this.#cancelReview()
    this.protocol.stop()
  }

  #take({ session, message }: ReceivedMessage): void {
    if (message.type === 'groundlock.rotated')
      return this.#options.rotation.answered(session.peerAgent, message)
    if (message.type === 'groundlock.report') this.#takeReport(session.peerAgent, message)
  }

  /**
   * Takes an agent's report whole or not at all; one that comes again changes nothing. Throwing keeps the report from
   * being acknowledged, so the agent sends it again later.
   */
  #takeReport(from: string, message: Message): void {
    const report = Report.safeParse(message)
    if (!report.success) return
    const { board, traffic, rotation, reports, database } = this.#options
    if (!this.#reportRates.take(from))
      throw new SecurityException('rate_limited', `${from} reports too often.`)
    const { reportId, sessions, rotations } = report.data
    // The side that was asked reports too; the side that began tells the trigger.
    const begun = rotations.filter(({ trigger }) => trigger !== 'peer')
    const failures = begun.filter(({ outcome }) => outcome !== 'rotated').slice(0, failuresPerReport)
    try {
      database.transaction(() => {
        if (!reports.take(from, reportId)) return
        for (const view of sessions) board.update(from, view)
        traffic.take(from, report.data.traffic)
        for (const entry of begun)
          if (entry.outcome === 'rotated' || failures.includes(entry)) rotation.told(entry, from)
      })
    } catch (error) {
      board.reload()
      throw error
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
