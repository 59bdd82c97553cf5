import type { EnrolmentRequest } from '#shared/model/fleet.ts'
import type { AuditBursts } from '../audit/burst.ts'
import type { AuditLog } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { opaqueId, type RandomSource } from '../crypto/random.ts'
import { Emitter } from '../emitter.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import type { Token } from '../hsm/token.ts'
import { AgentStore } from '../store/agents.ts'
import { CertificateStore } from '../store/certificates.ts'
import type { Database } from '../store/database.ts'
import { type EnrolmentRow, EnrolmentStore } from '../store/enrolments.ts'
import type { Authority } from './authority.ts'
import { certificatePem } from './certificate-view.ts'
import { type CertificateRequest, readCsr } from './csr.ts'
import { reservedNames } from './identity.ts'

/** What an agent that waits is told. */
export interface EnrolmentStatus {
  readonly state: EnrolmentRow['state']
  /** Why the request was refused. */
  readonly reason: string | null
  /** PEM, once approved. */
  readonly certificate: string | null
  /** The issuers of the certificate, PEM; the root comes last. Empty until approved. */
  readonly chain: readonly string[]
}

export interface EnrolmentLimits {
  /** Requests that may wait for a decision at once. */
  readonly maximumPending: number
  /** Requests that `list` answers, decided ones included. */
  readonly maximumListed: number
  /** The longest that an agent may wait in one call, in milliseconds. */
  readonly longestWait: number
}

export const enrolmentLimits: EnrolmentLimits = {
  maximumPending: 200,
  maximumListed: 500,
  longestWait: 25_000,
}

/** Takes certification requests from agents that nobody knows yet, and holds them until an operator decides. */
export class EnrolmentDesk {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #refusals: Pick<AuditBursts, 'record'> | null
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #authority: Authority
  readonly #limits: EnrolmentLimits
  readonly #requests: EnrolmentStore
  readonly #agents: AgentStore
  readonly #certificates: CertificateStore
  readonly #events = new Emitter<{ changed: EnrolmentRequest }>()

  constructor(dependencies: {
    readonly database: Database
    readonly audit: AuditLog
    /** Where requests that are turned away at the door are audited; they can come in any number. */
    readonly refusals?: Pick<AuditBursts, 'record'>
    readonly clock: Clock
    readonly random: RandomSource
    readonly authority: Authority
    readonly limits?: Partial<EnrolmentLimits>
  }) {
    this.#database = dependencies.database
    this.#audit = dependencies.audit
    this.#refusals = dependencies.refusals ?? null
    this.#clock = dependencies.clock
    this.#random = dependencies.random
    this.#authority = dependencies.authority
    this.#limits = { ...enrolmentLimits, ...dependencies.limits }
    this.#requests = new EnrolmentStore(this.#database)
    this.#agents = new AgentStore(this.#database)
    this.#certificates = new CertificateStore(this.#database)
  }

  /** Calls `listener` with each request that came or was decided, once that is durable. */
  onChange(listener: (request: EnrolmentRequest) => void): () => void {
    return this.#events.on('changed', listener)
  }

  /** How many requests wait for a decision. */
  get pending(): number {
    return this.#requests.countPending()
  }

  /** Pending requests first, then the newest decided ones. */
  list(): EnrolmentRequest[] {
    return this.#requests.recent(this.#limits.maximumListed).map(toView)
  }

  /** @throws SecurityException `not_found`. */
  read(id: string): EnrolmentRequest {
    return toView(this.#require(id))
  }

  /**
   * Takes a request (PEM) that came from `source`, e.g. an address. The same request again answers with the one that
   * is known: an agent that crashed while it waited, or before it stored its certificate, just asks again.
   * @throws CertificateError as `readCsr`; `name_not_allowed` for reserved names; `already_enrolled`; `conflict` when
   * another key asks for a name that is being decided on; `rate_limited` when too many wait; `authority_missing`.
   */
  async submit(csr: string, source: string): Promise<EnrolmentRequest> {
    let subject = 'unknown'
    try {
      // Without an authority nobody can be enrolled, so nothing is read and nothing is kept.
      if (!this.#authority.exists) throw noAuthority()
      const request = await readCsr(csr)
      subject = request.agentId
      return toView(this.#database.transaction(() => this.#take(request, source)))
    } catch (error) {
      if (error instanceof CertificateError) this.#auditRefusal(error, subject, source)
      throw error
    }
  }

  /** @throws SecurityException `not_found`. */
  status(id: string): EnrolmentStatus {
    const row = this.#require(id)
    const certificate =
      row.certificate_serial === null ? undefined : this.#certificates.read(row.certificate_serial)
    return {
      state: row.state,
      reason: row.reason,
      certificate: certificate === undefined ? null : certificatePem(certificate.der),
      chain: certificate === undefined ? [] : [this.#authority.trustAnchorPem],
    }
  }

  /** Answers once the request is decided, or after `milliseconds` (at most 25 seconds) with what it is by then. */
  async waitForDecision(id: string, milliseconds: number): Promise<EnrolmentStatus> {
    const now = this.status(id)
    if (now.state !== 'pending' || !(milliseconds > 0)) return now
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel()
        unsubscribe()
        resolve()
      }
      const cancel = this.#clock.after(Math.min(milliseconds, this.#limits.longestWait), finish)
      const unsubscribe = this.#events.on('changed', (request) => {
        if (request.id === id) finish()
      })
    })
    return this.status(id)
  }

  /**
   * Enrols the agent: certificate, agent, decision and audit records in one transaction.
   * @throws SecurityException `not_found`; `conflict` when it is decided already; the authority's errors.
   */
  async approve(id: string, token: Token, actor: string): Promise<void> {
    const row = this.#requirePending(id)
    // Read again: what is certified is what the agent signed, not what a row says about it.
    const request = await readCsr(row.csr)
    if (request.agentId !== row.agent_id || request.fingerprint !== row.fingerprint) {
      throw new SecurityException(
        'database_damaged',
        'The stored request was changed since it came in. Refuse it.',
      )
    }
    await this.#authority.issueAgent(request, token, actor, (certificate) => {
      const at = isoTime(this.#clock.now())
      this.#decide({ row, state: 'approved', actor, reason: null, serial: certificate.serial, at })
      if (this.#agents.read(request.agentId) !== undefined) throw alreadyEnrolled(request.agentId)
      this.#agents.insert({ id: request.agentId, profile: request.profile, enrolledAt: at, isConsole: false })
    })
  }

  /** @throws SecurityException `not_found`; `conflict` when it is decided already. */
  refuse(id: string, reason: string, actor: string): EnrolmentRequest {
    const row = this.#requirePending(id)
    const at = isoTime(this.#clock.now())
    this.#database.transaction(() => this.#decide({ row, state: 'refused', actor, reason, serial: null, at }))
    return this.read(id)
  }

  #take(request: CertificateRequest, source: string): EnrolmentRow {
    if (reservedNames.has(request.agentId)) {
      throw new CertificateError(
        'name_not_allowed',
        `${request.agentId} is the console’s own name. Choose another one.`,
      )
    }
    const known = this.#alreadyTaken(request)
    if (known !== null) return known
    if (this.#requests.countPending() >= this.#limits.maximumPending) {
      throw new CertificateError(
        'rate_limited',
        'Too many requests wait for the operator’s decision. Try again later.',
      )
    }
    const id = opaqueId(this.#random)
    this.#requests.insert({
      id,
      agent_id: request.agentId,
      profile: request.profile,
      csr: request.der,
      fingerprint: request.fingerprint,
      key_algorithm: request.keyAlgorithm,
      source,
      received_at: isoTime(this.#clock.now()),
    })
    this.#audit.append({
      type: 'ENROLMENT_REQUESTED',
      severity: 'INFO',
      actor: request.agentId,
      subject: request.agentId,
      detail: { request: id, profile: request.profile, fingerprint: request.fingerprint, source },
    })
    this.#announce(id)
    return this.#require(id)
  }

  /** The request that this one repeats, or null. */
  #alreadyTaken(request: CertificateRequest): EnrolmentRow | null {
    const pending = this.#requests.pendingOfAgent(request.agentId)
    if (pending !== undefined) {
      if (pending.fingerprint === request.fingerprint && pending.profile === request.profile) return pending
      throw new CertificateError(
        'conflict',
        `A request of ${request.agentId} with another key waits for the operator’s decision. If it is not yours, tell the operator.`,
      )
    }
    const agent = this.#agents.read(request.agentId)
    if (agent === undefined) return null
    const approved = this.#requests.approved(request.agentId, request.fingerprint)
    if (approved !== undefined && approved.profile === request.profile && agent.compromised_at === null)
      return approved
    throw alreadyEnrolled(request.agentId)
  }

  /** Keeps a decision. To be called inside a transaction. */
  #decide(decision: {
    readonly row: EnrolmentRow
    readonly state: 'approved' | 'refused'
    readonly actor: string
    readonly reason: string | null
    readonly serial: string | null
    readonly at: string
  }): void {
    const { row, state, actor, reason, serial, at } = decision
    const decided = this.#requests.decide({
      id: row.id,
      state,
      decided_at: at,
      decided_by: actor,
      reason,
      certificate_serial: serial,
    })
    if (!decided) throw alreadyDecided()
    this.#audit.append({
      type: state === 'approved' ? 'ENROLMENT_APPROVED' : 'ENROLMENT_REFUSED',
      severity: state === 'approved' ? 'INFO' : 'LOW',
      actor,
      subject: row.agent_id,
      detail: { request: row.id, fingerprint: row.fingerprint, ...(reason === null ? {} : { reason }) },
    })
    this.#announce(row.id)
  }

  #announce(id: string): void {
    this.#database.afterCommit(() => this.#events.emit('changed', this.read(id)))
  }

  #auditRefusal(error: CertificateError, subject: string, source: string): void {
    this.#refusals?.record(`enrolment:${error.code}:${source}`, {
      type: 'ENROLMENT_REFUSED',
      severity: 'MEDIUM',
      actor: source,
      subject,
      detail: { code: error.code, problem: error.message },
    })
  }

  #require(id: string): EnrolmentRow {
    const row = this.#requests.read(id)
    if (row === undefined)
      throw new SecurityException('not_found', 'There is no such enrolment request. Enrol again.')
    return row
  }

  #requirePending(id: string): EnrolmentRow {
    const row = this.#require(id)
    if (row.state !== 'pending') throw alreadyDecided()
    return row
  }
}

const noAuthority = (): CertificateError =>
  new CertificateError(
    'authority_missing',
    'This console has no root CA yet, so nobody can be enrolled. Try again later.',
  )

const alreadyDecided = (): SecurityException =>
  new SecurityException('conflict', 'This enrolment request was decided already.')

const alreadyEnrolled = (agentId: string): CertificateError =>
  new CertificateError(
    'already_enrolled',
    `${agentId} is already enrolled. A name is given once; enrol under another one.`,
  )

const toView = (row: EnrolmentRow): EnrolmentRequest => ({
  id: row.id,
  agentId: row.agent_id,
  profile: row.profile,
  keyAlgorithm: row.key_algorithm,
  fingerprint: row.fingerprint,
  source: row.source,
  receivedAt: row.received_at,
  state: row.state,
  decidedAt: row.decided_at,
  decidedBy: row.decided_by,
  reason: row.reason,
})
