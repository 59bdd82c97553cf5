import { isIP } from 'node:net'
import { readableTime } from '../clock.ts'
import { type CertificateFacts, canonicalIp } from './certificate-facts.ts'
import type { CertificateIdentity } from './identity.ts'
import { ExtendedKeyUsage, KeyUsageFlags } from './x509.ts'

// The steps of a validation. Each answers with one sentence for everything that is wrong, none when all is well.

export type CertificateUsage = 'client' | 'server' | 'any'

interface NameQuestion {
  readonly usage: CertificateUsage
  readonly agentId?: string | undefined
  readonly host?: string | undefined
}

/** Keys below these are not taken, whoever certified them. */
const soundKeys = /^(?:ECDSA-P(?:256|384|521)|RSA-(?:2048|3072|4096|8192))$/

/** What is wrong with the certificate by itself (RFC 5280 sections 4.1 and 4.2). */
export function formProblems(certificate: CertificateFacts): string[] {
  return problems(
    [!certificate.version3, 'The certificate is not of version 3.'],
    [!certificate.serialPositive, 'The serial number is not a positive number of at most 20 octets.'],
    [!certificate.algorithmsAgree, 'The certificate names two different signature algorithms.'],
    [certificate.duplicateExtensions, 'The certificate has an extension twice.'],
    [
      certificate.unknownCritical.length > 0,
      `The certificate has a critical extension that is not understood: ${certificate.unknownCritical.join(', ')}.`,
    ],
    [
      !soundKeys.test(certificate.keyAlgorithm ?? ''),
      'The public key cannot be read, or is of a kind that is not taken.',
    ],
  )
}

/** Why `anchor` is not the issuer of `certificate` (RFC 5280 section 6.1.3 (a)(1), (a)(4), and 6.1.4 for the issuer). */
export function chainProblems(certificate: CertificateFacts, anchor: CertificateFacts): string[] {
  if (!certificate.issuerDer.equals(anchor.subjectDer)) {
    return ['The certificate was issued by an authority that is not the fleet’s.']
  }
  const otherKey =
    certificate.authorityKeyId !== null &&
    anchor.subjectKeyId !== null &&
    certificate.authorityKeyId !== anchor.subjectKeyId
  if (otherKey || !certificate.isSignedBy(anchor.spki)) {
    return ['The signature on the certificate was not made by the fleet’s authority.']
  }
  return problems(
    [!anchor.isAuthority, 'The issuer is not a certificate authority.'],
    [!hasUsage(anchor, KeyUsageFlags.keyCertSign), 'The issuer’s key may not sign certificates.'],
    [formProblems(anchor).length > 0, 'The trust anchor is not a sound certificate.'],
    [
      !anchor.issuerDer.equals(anchor.subjectDer) || !anchor.isSignedBy(anchor.spki),
      'The trust anchor is not self-signed.',
    ],
  )
}

/** Validity of the certificate and of its root, both ends included (RFC 5280 section 4.1.2.5). */
export function validityProblems(
  at: number,
  certificate: CertificateFacts,
  anchor: CertificateFacts | null,
): string[] {
  return problems(
    [at > certificate.notAfter, `The certificate expired at ${readableTime(certificate.notAfter)}.`],
    [
      at < certificate.notBefore,
      `The certificate is not valid before ${readableTime(certificate.notBefore)}.`,
    ],
    [
      anchor !== null && (at > anchor.notAfter || at < anchor.notBefore),
      `The root certificate is only valid from ${readableTime(anchor?.notBefore ?? 0)} to ${readableTime(anchor?.notAfter ?? 0)}.`,
    ],
  )
}

/** Whether the certificate names one agent of the fleet, and who or what was asked for. */
export function nameProblems(
  question: NameQuestion,
  certificate: CertificateFacts,
  identity: CertificateIdentity | null,
): string[] {
  if (identity === null) return ['The certificate does not name one agent of the fleet.']
  return problems(
    [
      question.usage !== 'server' && identity.profile === 'gateway',
      'The certificate is the gateway’s; it does not name an agent.',
    ],
    [
      question.agentId !== undefined && identity.agentId !== question.agentId,
      `The certificate names ${identity.agentId}, not ${question.agentId ?? ''}.`,
    ],
    [
      question.host !== undefined && !namesHost(certificate, question.host),
      `The certificate does not name the host ${question.host ?? ''}.`,
    ],
  )
}

/** Exact match only: the fleet's certificates have no wildcards, and the common name is not a host name. */
function namesHost(certificate: CertificateFacts, host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  return isIP(bare) === 0
    ? certificate.dnsNames.includes(bare.toLowerCase())
    : certificate.ipAddresses.includes(canonicalIp(bare))
}

/** Basic constraints, key usage and extended key usage of an agent's certificate (RFC 5280 section 4.2.1). */
export function usageProblems(usage: CertificateUsage, certificate: CertificateFacts): string[] {
  const purposes = certificate.extendedKeyUsage ?? []
  const client = purposes.includes(ExtendedKeyUsage.clientAuth)
  const server = purposes.includes(ExtendedKeyUsage.serverAuth)
  return problems(
    [certificate.isAuthority, 'The certificate is an authority’s, not an agent’s.'],
    [!hasUsage(certificate, KeyUsageFlags.digitalSignature), 'The key may not be used for signatures.'],
    [hasUsage(certificate, KeyUsageFlags.keyCertSign), 'The key of an agent may not sign certificates.'],
    [usage === 'client' && !client, 'The certificate is not for authentication as a client.'],
    [usage === 'server' && !server, 'The certificate is not for authentication as a server.'],
    [usage === 'any' && !client && !server, 'The certificate is not for authentication.'],
  )
}

const hasUsage = (certificate: CertificateFacts, flag: number): boolean =>
  ((certificate.keyUsage ?? 0) & flag) !== 0

const problems = (...checks: readonly [boolean, string][]): string[] =>
  checks.filter(([failed]) => failed).map(([, problem]) => problem)
