import type { FleetAgent } from '#shared/model/fleet.ts'
import type { AuditLog } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { SecurityException } from '../errors.ts'
import type { Token } from '../hsm/token.ts'
import { type AgentRow, AgentStore } from '../store/agents.ts'
import { type CertificateRow, CertificateStore } from '../store/certificates.ts'
import type { Database } from '../store/database.ts'
import type { Authority } from './authority.ts'
import { certificateView } from './certificate-view.ts'
import { judgeTrust } from './trust.ts'

/** What the fleet asks of the gateway and the sessions; nothing of it is stored. */
export interface Presence {
  isConnected(agentId: string): boolean
  remoteAddress(agentId: string): string | null
  /** How many sessions the agent has open. */
  sessions(agentId: string): number
}

/** The agents that were enrolled, who of them is trusted, and the end of that trust. */
export class Fleet {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #authority: Authority
  readonly #presence: Presence
  readonly #agents: AgentStore
  readonly #certificates: CertificateStore
  readonly #events = new Emitter<{ changed: FleetAgent }>()

  constructor(dependencies: {
    readonly database: Database
    readonly audit: AuditLog
    readonly clock: Clock
    readonly authority: Authority
    readonly presence: Presence
  }) {
    this.#database = dependencies.database
    this.#audit = dependencies.audit
    this.#clock = dependencies.clock
    this.#authority = dependencies.authority
    this.#presence = dependencies.presence
    this.#agents = new AgentStore(this.#database)
    this.#certificates = new CertificateStore(this.#database)
    this.#authority.onIssued((agentId) => this.announce(agentId))
    // A new list can change the verdict on everybody: who is on it, and who was shown with caution for the old one.
    this.#authority.onCrl(() => {
      for (const { id } of this.#agents.all()) this.announce(id)
    })
  }

  /** Calls `listener` with an agent whose state changed, once that is durable. */
  onChange(listener: (agent: FleetAgent) => void): () => void {
    return this.#events.on('changed', listener)
  }

  /** The console first, then by name. */
  list(): FleetAgent[] {
    return this.#agents.all().map((row) => this.#view(row))
  }

  /** @throws SecurityException `not_found`. */
  read(agentId: string): FleetAgent {
    return this.#view(this.#require(agentId))
  }

  /** True for an agent that is enrolled, trusted or not. */
  has(agentId: string): boolean {
    return this.#agents.read(agentId) !== undefined
  }

  /** The agent came or went, or was heard of: keeps the time. Names that are not enrolled are ignored. */
  seen(agentId: string): void {
    if (this.#agents.seen(agentId, isoTime(this.#clock.now()))) this.announce(agentId)
  }

  /** A connection under this agent's name was refused; counts it. Names that are not enrolled are ignored. */
  refused(agentId: string): void {
    if (this.#agents.countRefusal(agentId)) this.announce(agentId)
  }

  /** Tells the listeners the agent's state again, e.g. when its sessions changed. */
  announce(agentId: string): void {
    this.#database.afterCommit(() => {
      const row = this.#agents.read(agentId)
      if (row !== undefined) this.#events.emit('changed', this.#view(row))
    })
  }

  /**
   * Ends the trust in an agent for good: its certificates are revoked for key compromise, a CRL says so, and the audit
   * log tells who did it and why, in one transaction. Closing its connection and sessions is for the listeners of
   * `Authority.onCrl` and `onChange`.
   * @throws SecurityException `not_found`; `confirmation_mismatch` unless `confirmation` is the agent's name;
   * `conflict` for the console itself and for an agent that is compromised already; the authority's errors.
   */
  async declareCompromised(
    agentId: string,
    confirmation: string,
    reason: string,
    token: Token,
    actor: string,
  ): Promise<FleetAgent> {
    this.#refuseDeclaration(agentId, confirmation)
    const serials = this.#certificates
      .ofAgent(agentId)
      .filter((row) => row.revoked_at === null)
      .map((row) => row.serial)
    await this.#authority.revoke(serials, 'keyCompromise', token, actor, () => {
      if (!this.#agents.compromise(agentId, isoTime(this.#clock.now()), reason))
        throw alreadyCompromised(agentId)
      this.#audit.append({
        type: 'AGENT_COMPROMISED',
        severity: 'CRITICAL',
        actor,
        subject: agentId,
        detail: { reason, certificates: serials.length },
      })
    })
    return this.read(agentId)
  }

  #refuseDeclaration(agentId: string, confirmation: string): void {
    const agent = this.#require(agentId)
    if (agent.is_console === 1) {
      throw new SecurityException(
        'conflict',
        'This console cannot declare itself compromised. Use another console of the fleet, or create a new root CA.',
      )
    }
    if (confirmation !== agentId) {
      throw new SecurityException(
        'confirmation_mismatch',
        `To declare ${agentId} compromised, type its name exactly as it is written here.`,
      )
    }
    if (agent.compromised_at !== null) throw alreadyCompromised(agentId)
  }

  #view(row: AgentRow): FleetAgent {
    const certificate = this.#shownCertificate(row.id)
    const { verdict, checks } = judgeTrust(row, certificate, this.#authority, this.#clock.now())
    return {
      agentId: row.id,
      profile: row.profile,
      verdict,
      checks: [...checks],
      connected: this.#presence.isConnected(row.id),
      remoteAddress: this.#presence.remoteAddress(row.id),
      lastSeenAt: row.last_seen_at,
      enrolledAt: row.enrolled_at,
      compromisedAt: row.compromised_at,
      compromiseReason: row.compromise_reason,
      sessions: this.#presence.sessions(row.id),
      refusedConnections: row.refused_connections,
      certificate: certificate === undefined ? null : certificateView(certificate),
      isConsole: row.is_console === 1,
    }
  }

  /** The newest certificate that is not revoked, or else the newest. */
  #shownCertificate(agentId: string): CertificateRow | undefined {
    const rows = this.#certificates.ofAgent(agentId)
    return rows.find((row) => row.revoked_at === null) ?? rows[0]
  }

  #require(agentId: string): AgentRow {
    const row = this.#agents.read(agentId)
    if (row === undefined)
      throw new SecurityException('not_found', `No agent is enrolled under the name ${agentId}.`)
    return row
  }
}

const alreadyCompromised = (agentId: string): SecurityException =>
  new SecurityException('conflict', `${agentId} was already declared compromised.`)
