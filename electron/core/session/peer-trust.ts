import { type CertificateValidation, isNewerCrl, validateCertificate } from '../ca/validation.ts'
import type { Clock } from '../clock.ts'
import { CertificateError } from '../errors.ts'

/** Why a peer's certificate is not, or no longer, good. */
export interface Distrust {
  readonly peer: string
  readonly error: CertificateError
}

/**
 * Decides on the certificates of peers: against the fleet's root, the newest CRL and the clock. It remembers the
 * certificate of each peer, so that a new CRL can be held against the sessions that are open.
 */
export class PeerTrust {
  readonly #clock: Clock
  readonly #trustAnchor: Uint8Array
  readonly #certificates = new Map<string, Uint8Array>()
  #crl: Uint8Array | null

  constructor(options: {
    readonly clock: Clock
    readonly trustAnchor: Uint8Array
    readonly crl: Uint8Array | null
  }) {
    this.#clock = options.clock
    this.#trustAnchor = options.trustAnchor
    this.#crl = options.crl
  }

  /**
   * The public key (SubjectPublicKeyInfo, DER) of a peer whose certificate is good now and names it.
   * @throws CertificateError with the code of the gravest failure and every step that failed.
   */
  judge(chain: readonly Uint8Array[], peer: string): Uint8Array {
    const [certificate] = chain
    if (certificate === undefined)
      throw new CertificateError('certificate_invalid', `${peer} sent no certificate.`)
    return this.#check(certificate, peer)
  }

  /** Remembers the certificate of a peer that has proved to hold its key, for `review`. */
  proved(chain: readonly Uint8Array[], peer: string): void {
    const [certificate] = chain
    if (certificate !== undefined) this.#certificates.set(peer, certificate)
  }

  /**
   * Takes a newer CRL of the fleet.
   * @returns false when the one in use is as new.
   * @throws CertificateError when it is not a CRL that the fleet's root has signed.
   */
  update(crl: Uint8Array): boolean {
    if (!isNewerCrl(crl, this.#crl, this.#trustAnchor)) return false
    this.#crl = crl
    return true
  }

  /** The peers whose certificates were good once and are not any more. */
  review(): Distrust[] {
    return [...this.#certificates].flatMap(([peer, certificate]) => {
      try {
        this.#check(certificate, peer)
        return []
      } catch (error) {
        if (!(error instanceof CertificateError)) throw error
        this.#certificates.delete(peer)
        return [{ peer, error }]
      }
    })
  }

  /** Whether our own certificate is good; throws like `judge` when it is not. */
  checkOwn(certificate: Uint8Array, agentId: string): void {
    this.#check(certificate, agentId)
  }

  /** Why the gateway's TLS certificate is refused, which its TLS connection cannot know: the CRL. Null when it is good. */
  refusesGateway(certificate: Uint8Array): string | null {
    const validation = this.#validate(certificate, 'server')
    return validation.isValid ? null : validation.validationErrors.join(' ')
  }

  #check(certificate: Uint8Array, peer: string): Uint8Array {
    const validation = this.#validate(certificate, 'client', peer)
    if (validation.isValid && validation.publicKeySpki !== null) return validation.publicKeySpki
    throw new CertificateError(
      validation.failure ?? 'certificate_invalid',
      `The certificate of ${peer} is refused: ${validation.validationErrors.join(' ')}`,
    )
  }

  #validate(certificate: Uint8Array, usage: 'client' | 'server', agentId?: string): CertificateValidation {
    return validateCertificate({
      certificate,
      trustAnchors: [this.#trustAnchor],
      crl: this.#crl,
      at: this.#clock.now(),
      usage,
      agentId,
    })
  }
}
