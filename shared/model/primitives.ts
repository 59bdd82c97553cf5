import { config, z } from 'zod'

// zod would otherwise probe `new Function`, which the console's content security policy reports as a violation.
config({ jitless: true })

/** ISO 8601 in UTC, e.g. `2026-11-21T14:59:07.123Z`. */
export const Instant = z.iso.datetime({ precision: 3 })

/**
 * The name of an agent: 2 to 63 characters, lower-case letters, digits and inner hyphens, starting with a letter,
 * so that it can stand in a URN, a URL path and a DNS label unchanged.
 */
export const agentIdPattern = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/
export const AgentId = z
  .string()
  .regex(agentIdPattern, '2 to 63 characters: a-z, 0-9 and inner hyphens, starting with a letter')

/** SHA-256 of a DER object, 64 hexadecimal digits. */
export const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/)

/** Opaque identifier, 16 random bytes as 32 hexadecimal digits. */
export const OpaqueId = z.string().regex(/^[0-9a-f]{32}$/)

/** Certificate serial number as hexadecimal digits, at most 20 octets (RFC 5280 section 4.1.2.2). */
export const SerialNumber = z.string().regex(/^[0-9a-f]{2,40}$/)

/** A reason that a person typed. */
export const Reason = z.string().trim().min(3, 'say why, in at least 3 characters').max(500)

/** What an agent is; decides its certificate profile. */
export const AgentProfile = z.enum(['spacecraft', 'ground-station', 'observer'])
export type AgentProfile = z.infer<typeof AgentProfile>

export const SecurityLevel = z.enum(['standard', 'high', 'critical'])
export type SecurityLevel = z.infer<typeof SecurityLevel>

export const Severity = z.enum(['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])
export type Severity = z.infer<typeof Severity>

export const Role = z.enum(['auditor', 'operator', 'security_officer'])
export type Role = z.infer<typeof Role>
