import { fingerprint } from '../crypto/digest.ts'
import { Emitter } from '../emitter.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import type { Token } from '../hsm/token.ts'
import { isoTime } from '../clock.ts'
import { type AuthorityRow, AuthorityStore } from '../store/authority.ts'
import { type CertificateRow, CertificateStore, type NewCertificate } from '../store/certificates.ts'
import type { Database } from '../store/database.ts'
import { openCaKey } from './ca-key.ts'
import { certificateFacts } from './certificate-facts.ts'
import { readCrl } from './crl.ts'
import type { TokenSigner } from './token-crypto.ts'

/** What an authority that exists consists of. */
export interface CurrentAuthority {
  readonly tokenKeyId: string
  /** The root certificate, DER. */
  readonly trustAnchor: Buffer
  /** The CRL in force, DER. */
  readonly crl: Buffer
  readonly crlNumber: number
}

/** The authority as it is on the disk, kept in memory as well. It changes when a transaction is durable, not before. */
export class AuthorityState {
  readonly #database: Database
  readonly #store: AuthorityStore
  readonly #events = new Emitter<{ crl: Buffer }>()
  readonly certificates: CertificateStore
  #current: CurrentAuthority | null

  /** @throws SecurityException `database_damaged` when root and CRL do not belong together. */
  constructor(database: Database) {
    this.#database = database
    this.#store = new AuthorityStore(database)
    this.certificates = new CertificateStore(database)
    this.#current = this.#load()
  }

  get current(): CurrentAuthority | null {
    return this.#current
  }

  /** @throws CertificateError `authority_missing`. */
  require(): CurrentAuthority {
    if (this.#current !== null) return this.#current
    throw new CertificateError(
      'authority_missing',
      'The fleet has no root CA yet. Sign in and create it first.',
    )
  }

  onCrl(listener: (crl: Buffer) => void): () => void {
    return this.#events.on('crl', listener)
  }

  /** @throws CertificateError `authority_exists`. */
  refuseExisting(): void {
    if (this.#store.read() === undefined) return
    throw new CertificateError(
      'authority_exists',
      'This console already has a root CA. It can have only one.',
    )
  }

  /** Keeps a new authority. To be called inside a transaction. */
  establish(row: AuthorityRow, trustAnchor: Buffer): void {
    this.#store.insert(row)
    this.#adopt({ tokenKeyId: row.token_key_id, trustAnchor, crl: row.crl, crlNumber: row.crl_number })
  }

  /** Puts a CRL in force. To be called inside a transaction. @throws `conflict` when a newer one is. */
  replaceCrl(crl: Buffer, crlNumber: number): void {
    if (!this.#store.replaceCrl(crl, crlNumber)) {
      throw new CertificateError('conflict', 'A newer revocation list was issued meanwhile. Try again.')
    }
    this.#adopt({ ...this.require(), crl, crlNumber })
  }

  /** The signer for the CA key. @throws KeyManagementError as `openCaKey`. */
  async signer(token: Token): Promise<TokenSigner> {
    const { tokenKeyId, trustAnchor } = this.require()
    return openCaKey(token, tokenKeyId, certificateFacts(trustAnchor).spki)
  }

  #adopt(next: CurrentAuthority): void {
    this.#database.afterCommit(() => {
      this.#current = next
      this.#events.emit('crl', next.crl)
    })
  }

  #load(): CurrentAuthority | null {
    const row = this.#store.read()
    if (row === undefined) return null
    const root = this.certificates.read(row.certificate_serial)
    try {
      if (root === undefined) throw new RangeError('no root certificate')
      readCrl(row.crl, root.der)
    } catch (error) {
      throw new SecurityException(
        'database_damaged',
        'The root certificate and the revocation list in the database do not belong together. Restore a backup.',
        { cause: error },
      )
    }
    return { tokenKeyId: row.token_key_id, trustAnchor: root.der, crl: row.crl, crlNumber: row.crl_number }
  }
}

/** The row of a certificate that was just issued. */
export function certificateRow(
  der: Buffer,
  about: { serial: string; profile: CertificateRow['profile']; agentId: string | null; at: number },
): NewCertificate {
  const facts = certificateFacts(der)
  return {
    serial: about.serial,
    profile: about.profile,
    agent_id: about.agentId,
    der,
    fingerprint: fingerprint(der),
    not_before: isoTime(facts.notBefore),
    not_after: isoTime(facts.notAfter),
    issued_at: isoTime(about.at),
  }
}
