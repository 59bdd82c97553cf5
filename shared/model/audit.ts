import { z } from 'zod'
import { Fingerprint, Instant, Severity } from './primitives.ts'

/** The spec's three event types (SecurityAuditLogger), and the console's own. */
export const AuditType = z.enum([
  'AUTHENTICATION_FAILURE',
  'KEY_ROTATION',
  'SECURITY_VIOLATION',
  'CONSOLE_STARTED',
  'CONSOLE_STOPPED',
  'SELF_TEST',
  'TOKEN_CREATED',
  'PIN_CHANGED',
  'SIGNED_IN',
  'SIGNED_OUT',
  'LOCKED',
  'AUTHORITY_CREATED',
  'CERTIFICATE_ISSUED',
  'CERTIFICATE_REVOKED',
  'CRL_ISSUED',
  'ENROLMENT_REQUESTED',
  'ENROLMENT_APPROVED',
  'ENROLMENT_REFUSED',
  'AGENT_CONNECTED',
  'AGENT_DISCONNECTED',
  'CONNECTION_REFUSED',
  'SESSION_ESTABLISHED',
  'SESSION_CLOSED',
  'MESSAGE_ACCEPTED',
  'MESSAGE_REFUSED',
  'FRAME_REFUSED',
  'AGENT_COMPROMISED',
  'AUDIT_VERIFIED',
  'GATEWAY_STARTED',
  'GATEWAY_FAILED',
])
export type AuditType = z.infer<typeof AuditType>

export const AuditRecord = z.strictObject({
  sequence: z.number().int().positive(),
  time: Instant,
  type: AuditType,
  severity: Severity,
  /** Who did it: the operator's name, an agent's name, or `console`. */
  actor: z.string(),
  /** What it was done to. */
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  previousHash: Fingerprint,
  hash: Fingerprint,
})
export type AuditRecord = z.infer<typeof AuditRecord>

export const AuditFilter = z.strictObject({
  types: z.array(AuditType).max(AuditType.options.length).optional(),
  minimumSeverity: Severity.optional(),
  /** Part of the actor, the subject or the detail; case is ignored. */
  text: z.string().max(100).optional(),
})
export type AuditFilter = z.infer<typeof AuditFilter>
