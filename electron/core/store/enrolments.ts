import type { AgentProfile } from '#shared/model/primitives.ts'
import type { Database, Statement } from './database.ts'

/** A row of the table `enrolment_request`. Times are ISO 8601 text. */
export interface EnrolmentRow {
  readonly id: string
  readonly agent_id: string
  readonly profile: AgentProfile
  /** PKCS#10, DER. */
  readonly csr: Buffer
  /** SHA-256 of the public key. */
  readonly fingerprint: string
  readonly key_algorithm: string
  readonly source: string
  readonly received_at: string
  readonly state: 'pending' | 'approved' | 'refused'
  readonly decided_at: string | null
  readonly decided_by: string | null
  readonly reason: string | null
  readonly certificate_serial: string | null
}

export type NewEnrolment = Pick<
  EnrolmentRow,
  'id' | 'agent_id' | 'profile' | 'csr' | 'fingerprint' | 'key_algorithm' | 'source' | 'received_at'
>

export interface EnrolmentDecision {
  readonly id: string
  readonly state: 'approved' | 'refused'
  readonly decided_at: string
  readonly decided_by: string
  readonly reason: string | null
  readonly certificate_serial: string | null
}

export class EnrolmentStore {
  readonly #insert: Statement<[NewEnrolment], never>
  readonly #read: Statement<[string], EnrolmentRow>
  readonly #pendingOfAgent: Statement<[string], EnrolmentRow>
  readonly #approved: Statement<[string, string], EnrolmentRow>
  readonly #recent: Statement<[number], EnrolmentRow>
  readonly #decide: Statement<[EnrolmentDecision], never>
  readonly #countPending: Statement<[], { pending: number }>

  constructor(database: Database) {
    this.#insert = database.prepare(
      `INSERT INTO enrolment_request
         (id, agent_id, profile, csr, fingerprint, key_algorithm, source, received_at, state)
       VALUES (@id, @agent_id, @profile, @csr, @fingerprint, @key_algorithm, @source, @received_at, 'pending')`,
    )
    this.#read = database.prepare('SELECT * FROM enrolment_request WHERE id = ?')
    this.#pendingOfAgent = database.prepare(
      "SELECT * FROM enrolment_request WHERE agent_id = ? AND state = 'pending'",
    )
    this.#approved = database.prepare(
      "SELECT * FROM enrolment_request WHERE agent_id = ? AND fingerprint = ? AND state = 'approved'",
    )
    this.#recent = database.prepare(
      `SELECT * FROM enrolment_request ORDER BY state = 'pending' DESC, received_at DESC, rowid DESC LIMIT ?`,
    )
    this.#decide = database.prepare(
      `UPDATE enrolment_request SET state = @state, decided_at = @decided_at, decided_by = @decided_by,
         reason = @reason, certificate_serial = @certificate_serial
       WHERE id = @id AND state = 'pending'`,
    )
    this.#countPending = database.prepare(
      "SELECT count(*) AS pending FROM enrolment_request WHERE state = 'pending'",
    )
  }

  /** @throws SecurityException `conflict` when the agent has a pending request. */
  insert(request: NewEnrolment): void {
    this.#insert.run(request)
  }

  read(id: string): EnrolmentRow | undefined {
    return this.#read.get(id)
  }

  pendingOfAgent(agentId: string): EnrolmentRow | undefined {
    return this.#pendingOfAgent.get(agentId)
  }

  /** The approved request of this agent for this key. */
  approved(agentId: string, fingerprint: string): EnrolmentRow | undefined {
    return this.#approved.get(agentId, fingerprint)
  }

  /** Pending ones first, then the newest. */
  recent(limit: number): EnrolmentRow[] {
    return this.#recent.all(limit)
  }

  /** @returns false when the request is unknown or already decided. */
  decide(decision: EnrolmentDecision): boolean {
    return this.#decide.run(decision).changes === 1
  }

  countPending(): number {
    return this.#countPending.get()?.pending ?? 0
  }
}
