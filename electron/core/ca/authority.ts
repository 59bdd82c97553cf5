import type { AuthorityAlgorithm, AuthorityView, RevocationReason } from '#shared/model/fleet.ts'
import type { AuditLog } from '../audit/log.ts'
import { type Clock, isoTime } from '../clock.ts'
import { fingerprint } from '../crypto/digest.ts'
import type { RandomSource } from '../crypto/random.ts'
import { Emitter } from '../emitter.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import type { Token, TokenInfo } from '../hsm/token.ts'
import { AgentStore } from '../store/agents.ts'
import type { Database } from '../store/database.ts'
import { AuthorityState, certificateRow } from './authority-state.ts'
import { generateCaKey } from './ca-key.ts'
import { certificateFacts } from './certificate-facts.ts'
import { certificatePem, certificateView } from './certificate-view.ts'
import { readCrl } from './crl.ts'
import type { CertificateRequest } from './csr.ts'
import { TaskQueue } from '../task-queue.ts'
import { type CertificateIdentity, consoleAgentId, consoleProfile, gatewayAgentId } from './identity.ts'
import { issueLeaf, issueRoot, type LeafInput, makeSerial, type RootInput } from './issuance.ts'
import { Revocation } from './revocation.ts'
import { tokenSigner } from './token-crypto.ts'
import { validateCertificate } from './validation.ts'

/** A certificate that the authority issued. */
export interface IssuedCertificate {
  readonly serial: string
  readonly der: Buffer
  readonly pem: string
  /** Milliseconds since 1970. */
  readonly notAfter: number
}

/** Runs inside the transaction that makes an act durable; if it throws, nothing of the act is kept. */
export type Alongside = (issued: IssuedCertificate) => void

/**
 * The fleet's certificate authority. Its private key stays in the token; every act that signs asks for the token, signs
 * first and then commits everything, the audit record included, in one transaction. Acts happen one after the other.
 * What needs an authority throws CertificateError `authority_missing` without one; what signs throws the token's errors,
 * `token_error` when the token does not hold the CA key.
 */
export class Authority {
  readonly #database: Database
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #agents: AgentStore
  readonly #state: AuthorityState
  readonly #revocation: Revocation
  readonly #queue = new TaskQueue()
  readonly #events = new Emitter<{ issued: string }>()

  /** @throws SecurityException `database_damaged` when root and CRL do not belong together. */
  constructor(dependencies: {
    readonly database: Database
    readonly audit: AuditLog
    readonly clock: Clock
    readonly random: RandomSource
  }) {
    this.#database = dependencies.database
    this.#audit = dependencies.audit
    this.#clock = dependencies.clock
    this.#random = dependencies.random
    this.#agents = new AgentStore(this.#database)
    this.#state = new AuthorityState(this.#database)
    this.#revocation = new Revocation({ ...dependencies, state: this.#state })
  }

  get exists(): boolean {
    return this.#state.current !== null
  }

  /** The root certificate, DER. */
  get trustAnchor(): Buffer {
    return this.#state.require().trustAnchor
  }

  get trustAnchorPem(): string {
    return certificatePem(this.trustAnchor)
  }

  /** SHA-256 of the root certificate: what an agent is given to recognise the fleet by. */
  get trustAnchorFingerprint(): string {
    return fingerprint(this.trustAnchor)
  }

  /** The CRL in force, DER. */
  get crl(): Buffer {
    return this.#state.require().crl
  }

  /** When the root certificate ends, in milliseconds since 1970; null where there is no authority. */
  get expiresAt(): number | null {
    const current = this.#state.current
    return current === null ? null : certificateFacts(current.trustAnchor).notAfter
  }

  /** Calls `listener` with each new CRL (DER) once it is durable; the returned function takes it back. */
  onCrl(listener: (crl: Buffer) => void): () => void {
    return this.#state.onCrl(listener)
  }

  /** Calls `listener` with the agent a certificate was issued to, once that is durable. */
  onIssued(listener: (agentId: string) => void): () => void {
    return this.#events.on('issued', listener)
  }

  /** The authority as the contract shows it; null where there is none. `token` tells how the key is protected. */
  view(token: Pick<TokenInfo, 'protection'>): AuthorityView | null {
    const current = this.#state.current
    const [root] = this.#state.certificates.ofProfile('root')
    if (current === null || root === undefined) return null
    const crl = readCrl(current.crl, current.trustAnchor)
    return {
      certificate: certificateView(root),
      key: { protection: token.protection, exportable: false },
      crl: {
        number: current.crlNumber,
        thisUpdate: isoTime(crl.thisUpdate),
        nextUpdate: isoTime(crl.nextUpdate),
        entries: crl.revoked.size,
      },
      issued: this.#state.certificates.countIssued(),
    }
  }

  /**
   * Creates the root: a new key in the token, a self-signed certificate and the first, empty CRL.
   * @throws CertificateError `authority_exists`; SecurityException `invalid_input` for names that cannot be shown.
   */
  create(
    input: RootInput & { readonly algorithm: AuthorityAlgorithm },
    token: Token,
    actor: string,
  ): Promise<AuthorityView> {
    return this.#queue.run(async () => {
      this.#state.refuseExisting()
      refuseUnprintable(input.commonName, input.organization)
      const key = await generateCaKey(token, input.algorithm)
      try {
        const publicKey = await token.publicKey(key)
        const signer = tokenSigner(token, key)
        const at = this.#clock.now()
        const serial = makeSerial(this.#random)
        const trustAnchor = await issueRoot(signer, { ...input, serial, publicKey, at })
        // Signing the CRL reads it back under the root, so a key that signs wrongly is found before anything is kept.
        const crl = await this.#revocation.sign(signer, { trustAnchor, crlNumber: 0 }, [])
        const row = certificateRow(trustAnchor, { serial, profile: 'root', agentId: null, at })
        this.#database.transaction(() => {
          this.#state.refuseExisting()
          this.#state.certificates.insert(row)
          this.#state.establish(
            {
              token_serial: token.info().serial,
              token_key_id: key.id,
              algorithm: input.algorithm,
              certificate_serial: serial,
              crl: crl.der,
              crl_number: crl.number,
            },
            trustAnchor,
          )
          this.#audit.append({
            type: 'AUTHORITY_CREATED',
            severity: 'HIGH',
            actor,
            subject: certificateFacts(trustAnchor).subject,
            detail: {
              serial,
              algorithm: input.algorithm,
              fingerprint: row.fingerprint,
              notAfter: row.not_after,
            },
          })
          this.#revocation.record(crl, actor)
        })
      } catch (error) {
        // Nothing was kept, so nobody will ever ask for this key. If even this fails, the first error says more.
        await token.destroy(key).catch(() => undefined)
        throw error
      }
      const view = this.view(token.info())
      if (view === null)
        throw new CertificateError('authority_missing', 'The root CA was not kept. Create it again.')
      return view
    })
  }

  /** Issues an agent's certificate. `alongside` keeps what else belongs to the act. */
  issueAgent(
    request: Pick<CertificateRequest, 'agentId' | 'profile' | 'publicKey'>,
    token: Token,
    actor: string,
    alongside?: Alongside,
  ): Promise<IssuedCertificate> {
    const identity = { agentId: request.agentId, profile: request.profile }
    return this.#issue({ identity, publicKey: request.publicKey }, token, actor, alongside)
  }

  /** Issues the gateway's TLS certificate for this host and those given. @throws `configuration_invalid` for a bad one. */
  issueGateway(
    publicKey: Uint8Array,
    hosts: readonly string[],
    token: Token,
    actor: string,
    alongside?: Alongside,
  ): Promise<IssuedCertificate> {
    const identity: CertificateIdentity = { agentId: gatewayAgentId, profile: 'gateway' }
    const names = ['localhost', '127.0.0.1', '::1', ...hosts]
    return this.#issue({ identity, publicKey, hosts: names }, token, actor, alongside)
  }

  /** Issues the certificate of the console as an agent, and enrols it where it is not yet. */
  issueConsole(
    publicKey: Uint8Array,
    token: Token,
    actor: string,
    alongside?: Alongside,
  ): Promise<IssuedCertificate> {
    const identity = { agentId: consoleAgentId, profile: consoleProfile }
    return this.#issue({ identity, publicKey }, token, actor, (certificate) => {
      if (this.#agents.read(consoleAgentId) === undefined) {
        const enrolledAt = isoTime(this.#clock.now())
        this.#agents.insert({ id: consoleAgentId, profile: consoleProfile, enrolledAt, isConsole: true })
      }
      alongside?.(certificate)
    })
  }

  /** The newest certificate of the gateway or of an agent that is neither revoked nor expired; null without one. */
  currentCertificate(of: 'gateway' | { readonly agentId: string }): IssuedCertificate | null {
    const { certificates } = this.#state
    const rows = of === 'gateway' ? certificates.ofProfile('gateway') : certificates.ofAgent(of.agentId)
    const now = isoTime(this.#clock.now())
    const row = rows.find((one) => one.revoked_at === null && one.not_after > now)
    return row === undefined ? null : issued(row)
  }

  /**
   * Revokes certificates and issues the CRL that says so, in one transaction with `alongside`.
   * @throws CertificateError `not_found`, `conflict` when one is revoked already or is the root's.
   */
  revoke(
    serials: string | readonly string[],
    reason: RevocationReason,
    token: Token,
    actor: string,
    alongside?: () => void,
  ): Promise<void> {
    const list = typeof serials === 'string' ? [serials] : serials
    return this.#queue.run(() => this.#revocation.revoke(list, reason, token, actor, alongside))
  }

  /** Issues the next CRL with the same entries. */
  renewCrl(token: Token, actor: string): Promise<void> {
    return this.#queue.run(() => this.#revocation.renew(token, actor))
  }

  /** Renews the CRL when more than half of its life is over; answers whether it did. To be called at sign-in. */
  renewCrlWhenDue(token: Token, actor: string): Promise<boolean> {
    return this.#queue.run(async () => {
      if (!this.#revocation.isDue) return false
      await this.#revocation.renew(token, actor)
      return true
    })
  }

  #issue(input: LeafInput, token: Token, actor: string, alongside?: Alongside): Promise<IssuedCertificate> {
    return this.#queue.run(async () => {
      const { trustAnchor } = this.#state.require()
      const { agentId, profile } = input.identity
      const at = this.#clock.now()
      const serial = makeSerial(this.#random)
      const der = await issueLeaf(await this.#state.signer(token), { ...input, serial, trustAnchor, at })
      refuseUnfit(der, trustAnchor, at, input.identity)
      const row = certificateRow(der, {
        serial,
        profile,
        agentId: profile === 'gateway' ? null : agentId,
        at,
      })
      const certificate = issued(row)
      this.#database.transaction(() => {
        this.#state.certificates.insert(row)
        alongside?.(certificate)
        this.#database.afterCommit(() => this.#events.emit('issued', agentId))
        this.#audit.append({
          type: 'CERTIFICATE_ISSUED',
          severity: 'INFO',
          actor,
          subject: agentId,
          detail: { serial, profile, fingerprint: row.fingerprint, notAfter: row.not_after },
        })
      })
      return certificate
    })
  }
}

const issued = (row: { serial: string; der: Buffer; not_after: string }): IssuedCertificate => ({
  serial: row.serial,
  der: row.der,
  pem: certificatePem(row.der),
  notAfter: Date.parse(row.not_after),
})

/**
 * Judges a new certificate as everybody else will, before it is kept: an expired root or a token that signs wrongly is
 * told to the operator here and not to an agent later.
 */
function refuseUnfit(der: Buffer, trustAnchor: Buffer, at: number, identity: CertificateIdentity): void {
  const verdict = validateCertificate({
    certificate: der,
    trustAnchors: [trustAnchor],
    crl: null,
    at,
    usage: identity.profile === 'gateway' ? 'server' : 'client',
    agentId: identity.agentId,
  })
  if (verdict.failure === null) return
  throw new CertificateError(
    verdict.failure,
    `No certificate was issued. ${verdict.validationErrors.join(' ')}`,
  )
}

/** Control and formatting characters could make one name look like another. */
function refuseUnprintable(...names: readonly string[]): void {
  if (names.every((name) => name.trim() !== '' && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name))) return
  throw new SecurityException('invalid_input', 'The names of the root CA must be printable text.')
}
