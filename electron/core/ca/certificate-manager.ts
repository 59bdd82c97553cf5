import type { Clock } from '../clock.ts'
import { decodePem } from '../crypto/pem.ts'
import { type CertificateValidation, validateCertificate } from './validation.ts'

/**
 * The spec's CertificateManager, for callers who bring their own authorities. Inside the engine, `validateCertificate`
 * is asked directly.
 */
export class CertificateManager {
  readonly #clock: Clock

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
  }

  /**
   * Validates a peer's certificate (one PEM block) against trusted authorities (one PEM block each), for now and for
   * either side of a connection. The spec has no revocation list here, so without `options.crl` (DER) nothing counts as
   * revoked and `revocationChecked` is false; `options.agentId` is the peer that the certificate must name.
   * Never throws for what others sent: text that is no certificate is not valid.
   */
  validatePeerCertificate(
    peerCertificate: string,
    trustedCas: readonly string[],
    options: { readonly crl?: Uint8Array | null; readonly agentId?: string } = {},
  ): CertificateValidation {
    return validateCertificate({
      certificate: readCertificate(peerCertificate),
      trustAnchors: trustedCas.map(readCertificate),
      crl: options.crl ?? null,
      at: this.#clock.now(),
      usage: 'any',
      agentId: options.agentId,
    })
  }
}

/** No bytes for what is not PEM: the validator then says that it cannot be read. */
const readCertificate = (pem: string): Uint8Array => decodePem('CERTIFICATE', pem) ?? new Uint8Array()
