import type { ErrorCode } from '#shared/errors.ts'
import type { TrustCheck } from '#shared/model/fleet.ts'
import { readableTime } from '../clock.ts'
import { CertificateError } from '../errors.ts'
import {
  type CertificateUsage,
  chainProblems,
  formProblems,
  nameProblems,
  usageProblems,
  validityProblems,
} from './certificate-checks.ts'
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts'
import { type RevocationList, readCrl } from './crl.ts'
import { agreedIdentity, type CertificateIdentity } from './identity.ts'

export { isNewerCrl, type RevocationList, readCrl } from './crl.ts'

/** What is asked of a certificate. */
export interface CertificateQuestion {
  /** DER. */
  readonly certificate: Uint8Array
  /** Self-signed roots, DER. The fleet's roots sign agents directly (path length 0), so a path has two certificates. */
  readonly trustAnchors: readonly Uint8Array[]
  /**
   * The newest CRL that is known, DER. Null: none is known yet, as for an agent's very first connection; then nothing
   * counts as revoked, and `revocationChecked` says so.
   */
  readonly crl: Uint8Array | null
  /** Milliseconds since 1970. */
  readonly at: number
  readonly usage: CertificateUsage
  /** The agent that the certificate must name. */
  readonly agentId?: string | undefined
  /** The host name or IP address that the certificate must name. */
  readonly host?: string | undefined
  /**
   * Refuse when the CRL is overdue or dated ahead. Off by default: the list a console or agent holds is the newest it
   * could get, its entries hold for good, and a fleet whose operator is away for a week must not lose every link.
   * The overdue list is told by `crlFresh` and shown as a caution.
   */
  readonly requireFreshCrl?: boolean
}

/** The spec's CertificateValidation, and what the console needs beside it. */
export interface CertificateValidation {
  readonly isValid: boolean
  readonly trustChainValid: boolean
  /** The certificate and its root are inside their validity. */
  readonly notExpired: boolean
  readonly notRevoked: boolean
  /** The certificate names one agent of the fleet, and the agent or host that was asked for. */
  readonly hostnameMatch: boolean
  readonly keyUsageValid: boolean
  /** One sentence for each step that failed, in the order of the checks. */
  readonly validationErrors: readonly string[]
  /** The same sentences by the check that they failed. */
  readonly problems: Readonly<Record<TrustCheck['check'], readonly string[]>>
  readonly identity: CertificateIdentity | null
  /** The code of the gravest failure: untrusted, then revoked, expired, mismatch, key usage. Null when valid. */
  readonly failure: ErrorCode | null
  /** SubjectPublicKeyInfo, DER. Null when the certificate cannot be read. */
  readonly publicKeySpki: Buffer | null
  /** Hexadecimal digits; null when the certificate cannot be read. */
  readonly serial: string | null
  readonly revocationChecked: boolean
  /** False when the CRL is overdue or dated ahead of this clock; true when there is none. */
  readonly crlFresh: boolean
}

/**
 * Validates a certificate of the fleet: RFC 5280 section 6.1 for paths of a root and a leaf, section 6.3 for the CRL.
 * Synchronous and cached: what does not depend on the time (parsing, signatures) is done once for each certificate.
 * Never throws for what others sent.
 */
export function validateCertificate(question: CertificateQuestion): CertificateValidation {
  const certificate = factsOrNull(question.certificate)
  if (certificate === null) return unreadable
  const anchors = question.trustAnchors.flatMap((der) => {
    const facts = factsOrNull(der)
    return facts === null ? [] : [{ der, facts }]
  })
  const anchor = anchors.find(({ facts }) => chainProblems(certificate, facts).length === 0)
  const nearest = anchor ?? anchors[0]
  const identity = agreedIdentity(certificate.uris, certificate.commonNames)
  const revocation = checkRevocation(question, certificate, anchor?.der ?? null)

  const chain = [
    ...formProblems(certificate),
    ...(nearest === undefined
      ? ['No trust anchor of the fleet is known.']
      : chainProblems(certificate, nearest.facts)),
  ]
  const validity = validityProblems(question.at, certificate, anchor?.facts ?? null)
  const name = nameProblems(question, certificate, identity)
  const usage = usageProblems(question.usage, certificate)
  const failure: [boolean, ErrorCode][] = [
    [
      chain.length > 0,
      formProblems(certificate).length > 0 ? 'certificate_invalid' : 'certificate_untrusted',
    ],
    [revocation.revoked, 'certificate_revoked'],
    [validity.length > 0, 'certificate_expired'],
    [revocation.problems.length > 0, 'certificate_untrusted'],
    [name.length > 0, 'certificate_identity_mismatch'],
    [usage.length > 0, 'certificate_invalid'],
  ]
  const validationErrors = [...chain, ...validity, ...revocation.problems, ...name, ...usage]
  return {
    isValid: validationErrors.length === 0,
    trustChainValid: chain.length === 0,
    notExpired: validity.length === 0,
    notRevoked: revocation.problems.length === 0,
    hostnameMatch: name.length === 0,
    keyUsageValid: usage.length === 0,
    validationErrors,
    problems: { chain, validity, revocation: revocation.problems, identity: name, key_usage: usage },
    identity,
    failure: failure.find(([failed]) => failed)?.[1] ?? null,
    publicKeySpki: certificate.spki,
    serial: certificate.serial,
    revocationChecked: revocation.checked,
    crlFresh: revocation.fresh,
  }
}

const notReadable = ['This is not an X.509 certificate that can be read.']

const unreadable: CertificateValidation = Object.freeze({
  isValid: false,
  trustChainValid: false,
  notExpired: false,
  notRevoked: false,
  hostnameMatch: false,
  keyUsageValid: false,
  validationErrors: notReadable,
  problems: {
    chain: notReadable,
    validity: notReadable,
    revocation: notReadable,
    identity: notReadable,
    key_usage: notReadable,
  },
  identity: null,
  failure: 'certificate_invalid',
  publicKeySpki: null,
  serial: null,
  revocationChecked: false,
  crlFresh: true,
})

function factsOrNull(der: Uint8Array): CertificateFacts | null {
  try {
    return certificateFacts(der)
  } catch {
    return null
  }
}

interface RevocationResult {
  readonly checked: boolean
  readonly fresh: boolean
  readonly revoked: boolean
  readonly problems: readonly string[]
}

function checkRevocation(
  question: CertificateQuestion,
  certificate: CertificateFacts,
  anchor: Uint8Array | null,
): RevocationResult {
  const unchecked = { checked: false, fresh: true, revoked: false, problems: [] }
  if (question.crl === null) return unchecked
  // Serial numbers mean something for one issuer only, and there is none.
  if (anchor === null) return unchecked
  let crl: RevocationList
  try {
    crl = readCrl(question.crl, anchor)
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    return { ...unchecked, fresh: false, problems: [error.message] }
  }
  const fresh = crl.isFresh(question.at)
  const entry = crl.revoked.get(certificate.serial)
  if (entry !== undefined) {
    const since = readableTime(entry.at)
    return {
      checked: true,
      fresh,
      revoked: true,
      problems: [`The certificate was revoked at ${since}: ${entry.reason}.`],
    }
  }
  const stale = question.requireFreshCrl === true && !fresh
  return {
    checked: true,
    fresh,
    revoked: false,
    problems: stale ? ['The revocation list is out of date.'] : [],
  }
}
