import type { CertificateView, RevocationReason } from '#shared/model/fleet.ts'
import type { Database, Statement } from './database.ts'

/** A row of the table `certificate`. Times are ISO 8601 text. */
export interface CertificateRow {
  /** 32 lower-case hexadecimal digits. */
  readonly serial: string
  readonly profile: CertificateView['profile']
  /** Null for the root and the gateway, which are no agents. */
  readonly agent_id: string | null
  readonly der: Buffer
  /** SHA-256 of `der`. */
  readonly fingerprint: string
  readonly not_before: string
  readonly not_after: string
  readonly issued_at: string
  readonly revoked_at: string | null
  readonly revocation_reason: RevocationReason | null
}

export type NewCertificate = Omit<CertificateRow, 'revoked_at' | 'revocation_reason'>

/** Every certificate that the authority ever issued, its own included. Rows are added and revoked, never removed. */
export class CertificateStore {
  readonly #insert: Statement<[NewCertificate], never>
  readonly #read: Statement<[string], CertificateRow>
  readonly #ofAgent: Statement<[string], CertificateRow>
  readonly #ofProfile: Statement<[string], CertificateRow>
  readonly #revoked: Statement<[], CertificateRow>
  readonly #revoke: Statement<[string, string, string], never>
  readonly #count: Statement<[], { issued: number }>

  constructor(database: Database) {
    this.#insert = database.prepare(
      `INSERT INTO certificate (serial, profile, agent_id, der, fingerprint, not_before, not_after, issued_at)
       VALUES (@serial, @profile, @agent_id, @der, @fingerprint, @not_before, @not_after, @issued_at)`,
    )
    this.#read = database.prepare('SELECT * FROM certificate WHERE serial = ?')
    this.#ofAgent = database.prepare(
      'SELECT * FROM certificate WHERE agent_id = ? ORDER BY issued_at DESC, rowid DESC',
    )
    this.#ofProfile = database.prepare(
      'SELECT * FROM certificate WHERE profile = ? ORDER BY issued_at DESC, rowid DESC',
    )
    this.#revoked = database.prepare(
      'SELECT * FROM certificate WHERE revoked_at IS NOT NULL ORDER BY revoked_at, serial',
    )
    this.#revoke = database.prepare(
      'UPDATE certificate SET revoked_at = ?, revocation_reason = ? WHERE serial = ? AND revoked_at IS NULL',
    )
    this.#count = database.prepare("SELECT count(*) AS issued FROM certificate WHERE profile <> 'root'")
  }

  insert(certificate: NewCertificate): void {
    this.#insert.run(certificate)
  }

  read(serial: string): CertificateRow | undefined {
    return this.#read.get(serial)
  }

  /** Newest first. */
  ofAgent(agentId: string): CertificateRow[] {
    return this.#ofAgent.all(agentId)
  }

  /** Newest first. */
  ofProfile(profile: CertificateRow['profile']): CertificateRow[] {
    return this.#ofProfile.all(profile)
  }

  revoked(): CertificateRow[] {
    return this.#revoked.all()
  }

  /** @returns false when it is unknown or already revoked. */
  revoke(serial: string, at: string, reason: RevocationReason): boolean {
    return this.#revoke.run(at, reason, serial).changes === 1
  }

  /** How many certificates were issued, the root's not counted. */
  countIssued(): number {
    return this.#count.get()?.issued ?? 0
  }
}
