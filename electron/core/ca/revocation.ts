import type { RevocationReason } from '#shared/model/fleet.ts'
import type { AuditLog } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { CertificateError } from '../errors.ts'
import type { Token } from '../hsm/token.ts'
import type { CertificateRow } from '../store/certificates.ts'
import type { Database } from '../store/database.ts'
import type { AuthorityState, CurrentAuthority } from './authority-state.ts'
import { issueCrl, type RevokedCertificate, readCrl } from './crl.ts'
import { lifetime } from './issuance.ts'
import type { TokenSigner } from './token-crypto.ts'

/** A CRL that is signed and not yet in force. */
export interface SignedCrl {
  readonly der: Buffer
  readonly number: number
  readonly entries: number
}

/** Revokes certificates and keeps the CRL. Its acts must not run at the same time; the authority sees to that. */
export class Revocation {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #state: AuthorityState

  constructor(dependencies: { database: Database; audit: AuditLog; clock: Clock; state: AuthorityState }) {
    this.#database = dependencies.database
    this.#audit = dependencies.audit
    this.#clock = dependencies.clock
    this.#state = dependencies.state
  }

  async revoke(
    serials: readonly string[],
    reason: RevocationReason,
    token: Token,
    actor: string,
    alongside?: () => void,
  ): Promise<void> {
    const current = this.#state.require()
    const rows = [...new Set(serials)].map((serial) => this.#revocable(serial))
    const at = this.#clock.now()
    const revoked = rows.map(({ serial }): RevokedCertificate => ({ serial, revokedAt: at, reason }))
    const signer = await this.#state.signer(token)
    const crl = await this.sign(signer, current, [...this.#listed(current), ...revoked])
    this.#database.transaction(() => {
      alongside?.()
      for (const row of rows) {
        if (!this.#state.certificates.revoke(row.serial, isoTime(at), reason)) throw alreadyRevoked(row)
        this.#audit.append({
          type: 'CERTIFICATE_REVOKED',
          severity: 'HIGH',
          actor,
          subject: row.agent_id ?? row.profile,
          detail: { serial: row.serial, reason, crlNumber: crl.number },
        })
      }
      this.#replace(crl, actor)
    })
  }

  async renew(token: Token, actor: string): Promise<void> {
    const current = this.#state.require()
    const crl = await this.sign(await this.#state.signer(token), current, this.#listed(current))
    this.#database.transaction(() => this.#replace(crl, actor))
  }

  /** True when more than half of the CRL's life is over, or the clock went back behind it. */
  get isDue(): boolean {
    const { crl, trustAnchor } = this.#state.require()
    const list = readCrl(crl, trustAnchor)
    const now = this.#clock.now()
    return list.nextUpdate - now < lifetime.crl / 2 || !list.isFresh(now)
  }

  /** Makes the CRL that comes after the one in force, and reads it back before anybody relies on it. */
  async sign(
    signer: TokenSigner,
    current: Pick<CurrentAuthority, 'trustAnchor' | 'crlNumber'>,
    entries: readonly RevokedCertificate[],
  ): Promise<SignedCrl> {
    const number = current.crlNumber + 1
    const thisUpdate = this.#clock.now()
    const nextUpdate = thisUpdate + lifetime.crl
    const der = await issueCrl(signer, {
      trustAnchor: current.trustAnchor,
      number,
      thisUpdate,
      nextUpdate,
      entries,
    })
    readCrl(der, current.trustAnchor)
    return { der, number, entries: entries.length }
  }

  /** Audits a new CRL. To be called inside the transaction that puts it in force. */
  record(crl: SignedCrl, actor: string): void {
    this.#audit.append({
      type: 'CRL_ISSUED',
      severity: 'INFO',
      actor,
      subject: 'root',
      detail: { number: crl.number, entries: crl.entries },
    })
  }

  #replace(crl: SignedCrl, actor: string): void {
    this.#state.replaceCrl(crl.der, crl.number)
    this.record(crl, actor)
  }

  /**
   * What the next CRL has to list. A certificate that had expired before the last CRL was issued has been on one since,
   * so it may go (RFC 5280 section 3.3); this bounds the list.
   */
  #listed(current: CurrentAuthority): RevokedCertificate[] {
    const lastIssued = readCrl(current.crl, current.trustAnchor).thisUpdate
    return this.#state.certificates
      .revoked()
      .filter((row) => Date.parse(row.not_after) >= lastIssued)
      .map((row) => ({
        serial: row.serial,
        revokedAt: Date.parse(row.revoked_at ?? row.issued_at),
        reason: row.revocation_reason ?? 'unspecified',
      }))
  }

  #revocable(serial: string): CertificateRow {
    const row = this.#state.certificates.read(serial)
    if (row === undefined) {
      throw new CertificateError(
        'not_found',
        `The authority issued no certificate with the serial number ${serial}.`,
      )
    }
    if (row.profile === 'root') {
      throw new CertificateError('conflict', 'A root certificate cannot be revoked by its own authority.')
    }
    if (row.revoked_at !== null) throw alreadyRevoked(row)
    return row
  }
}

const alreadyRevoked = (row: CertificateRow): CertificateError =>
  new CertificateError('conflict', `The certificate ${row.serial} is already revoked.`)
