import type { CertificateView } from '#shared/model/fleet.ts'
import { pemText } from '../crypto/pem.ts'
import type { CertificateRow } from '../store/certificates.ts'
import { certificateFacts } from './certificate-facts.ts'

/** A certificate as the contract shows it. */
export function certificateView(row: CertificateRow): CertificateView {
  const facts = certificateFacts(row.der)
  return {
    serial: row.serial,
    subject: facts.subject,
    issuer: facts.issuer,
    profile: row.profile,
    agentId: row.agent_id,
    keyAlgorithm: facts.keyAlgorithm ?? 'unknown',
    signatureAlgorithm: facts.signatureAlgorithm,
    fingerprint: row.fingerprint,
    notBefore: row.not_before,
    notAfter: row.not_after,
    revokedAt: row.revoked_at,
    revocationReason: row.revocation_reason,
    pem: certificatePem(row.der),
  }
}

export const certificatePem = (der: Uint8Array): string => pemText('CERTIFICATE', der)
