import { z } from 'zod'
import { AgentId, AgentProfile, Fingerprint, Instant, OpaqueId, SerialNumber } from './primitives.ts'

export const AuthorityAlgorithm = z.enum(['ECDSA-P384', 'RSA-4096'])
export type AuthorityAlgorithm = z.infer<typeof AuthorityAlgorithm>

/** RFC 5280 section 5.3.1 reasons that the console uses. */
export const RevocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
])
export type RevocationReason = z.infer<typeof RevocationReason>

export const CertificateView = z.strictObject({
  serial: SerialNumber,
  subject: z.string(),
  issuer: z.string(),
  profile: z.enum(['root', 'gateway', ...AgentProfile.options]),
  agentId: AgentId.nullable(),
  keyAlgorithm: z.string(),
  signatureAlgorithm: z.string(),
  fingerprint: Fingerprint,
  notBefore: Instant,
  notAfter: Instant,
  revokedAt: Instant.nullable(),
  revocationReason: RevocationReason.nullable(),
  pem: z.string(),
})
export type CertificateView = z.infer<typeof CertificateView>

export const AuthorityView = z.strictObject({
  certificate: CertificateView,
  /** What the token reports of the CA key. */
  key: z.strictObject({
    protection: z.enum(['software', 'hardware', 'secure_enclave']),
    exportable: z.literal(false),
  }),
  crl: z.strictObject({
    number: z.number().int().nonnegative(),
    thisUpdate: Instant,
    nextUpdate: Instant,
    entries: z.number().int().nonnegative(),
  }),
  issued: z.number().int().nonnegative(),
})
export type AuthorityView = z.infer<typeof AuthorityView>

export const EnrolmentState = z.enum(['pending', 'approved', 'refused'])
export const EnrolmentRequest = z.strictObject({
  id: OpaqueId,
  agentId: AgentId,
  profile: AgentProfile,
  keyAlgorithm: z.string(),
  /** SHA-256 of the request's public key (SPKI DER), to compare with what the agent printed. */
  fingerprint: Fingerprint,
  source: z.string(),
  receivedAt: Instant,
  state: EnrolmentState,
  decidedAt: Instant.nullable(),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
})
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>

export const TrustVerdict = z.enum(['trusted', 'caution', 'untrusted', 'compromised'])
export type TrustVerdict = z.infer<typeof TrustVerdict>

/** One check of the trust verdict, in the words the operator reads. */
export const TrustCheck = z.strictObject({
  check: z.enum(['chain', 'validity', 'revocation', 'identity', 'key_usage']),
  passed: z.boolean(),
  explanation: z.string(),
})
export type TrustCheck = z.infer<typeof TrustCheck>

export const FleetAgent = z.strictObject({
  agentId: AgentId,
  profile: AgentProfile,
  verdict: TrustVerdict,
  checks: z.array(TrustCheck),
  connected: z.boolean(),
  remoteAddress: z.string().nullable(),
  lastSeenAt: Instant.nullable(),
  enrolledAt: Instant,
  compromisedAt: Instant.nullable(),
  compromiseReason: z.string().nullable(),
  sessions: z.number().int().nonnegative(),
  /** Connections refused since the agent was declared compromised or its certificate stopped being valid. */
  refusedConnections: z.number().int().nonnegative(),
  certificate: CertificateView.nullable(),
  /** This console itself. */
  isConsole: z.boolean(),
})
export type FleetAgent = z.infer<typeof FleetAgent>
