import { z } from 'zod'
import { ConformanceRecord } from './conformance.ts'
import { Instant, Role } from './primitives.ts'

/** Where a token keeps its keys. */
export const ProtectionLevel = z.enum(['software', 'hardware', 'secure_enclave'])
export type ProtectionLevel = z.infer<typeof ProtectionLevel>

export const TokenView = z.strictObject({
  label: z.string(),
  serial: z.string(),
  model: z.string(),
  protection: ProtectionLevel,
  /** Wrong PINs that are left before the token locks; null where the token does not tell. */
  triesLeft: z.number().int().nonnegative().nullable(),
  pinLocked: z.boolean(),
})
export type TokenView = z.infer<typeof TokenView>

export const GatewayView = z.strictObject({
  state: z.enum(['stopped', 'listening', 'failed']),
  host: z.string(),
  port: z.number().int(),
  connectedAgents: z.number().int().nonnegative(),
  /** Why the gateway failed, and what to do. */
  problem: z.string().nullable(),
})
export type GatewayView = z.infer<typeof GatewayView>

export const AuditVerification = z.strictObject({
  intact: z.boolean(),
  records: z.number().int().nonnegative(),
  verifiedAt: Instant,
  /** Sequence of the first record that does not fit the chain. */
  firstBad: z.number().int().positive().nullable(),
  problem: z.string().nullable(),
})
export type AuditVerification = z.infer<typeof AuditVerification>

/**
 * `no_token`: first start, the set-up wizard. `signed_out`: a token exists. `locked`: signed in, idle, asks for the
 * PIN again. `signed_in`: at work.
 */
export const ConsolePhase = z.enum(['no_token', 'signed_out', 'locked', 'signed_in'])
export type ConsolePhase = z.infer<typeof ConsolePhase>

export const ConsoleStatus = z.strictObject({
  phase: ConsolePhase,
  version: z.string(),
  startedAt: Instant,
  operator: z.strictObject({ name: z.string(), role: Role }).nullable(),
  token: TokenView.nullable(),
  hasAuthority: z.boolean(),
  authorityExpiresAt: Instant.nullable(),
  gateway: GatewayView,
  /** The last verification of the audit chain since the start. */
  audit: AuditVerification.nullable(),
  pendingRequests: z.number().int().nonnegative(),
  /** Seconds without input after which the console locks; 0 is never. */
  idleLockSeconds: z.number().int().nonnegative(),
})
export type ConsoleStatus = z.infer<typeof ConsoleStatus>

/** The known-answer test of the cryptographic engine at the start of the console. */
export const SelfTestView = z.strictObject({
  ranAt: Instant,
  passed: z.boolean(),
  algorithms: z.array(
    z.strictObject({
      algorithm: z.string(),
      /** Who does the work: the platform's library, @noble, or the native Argon2 package. */
      provider: z.enum(['node', 'noble', 'node-rs']),
      passed: z.boolean(),
    }),
  ),
})
export type SelfTestView = z.infer<typeof SelfTestView>

export const SettingsView = z.strictObject({
  dataFolder: z.string(),
  configurationFile: z.string(),
  /** Every configuration key with its value as JSON text, its default and what is allowed. */
  configuration: z.array(
    z.strictObject({
      key: z.string(),
      value: z.string(),
      isDefault: z.boolean(),
      allowed: z.string(),
      meaning: z.string(),
    }),
  ),
  runtime: z.strictObject({ node: z.string(), crypto: z.string(), sqlite: z.string(), platform: z.string() }),
  pkcs11: z.strictObject({ available: z.boolean(), explanation: z.string() }),
  /** Null until the console has started. */
  selfTest: SelfTestView.nullable(),
  /** The last conformance run that was kept in the data folder; null before the first. */
  conformance: ConformanceRecord.nullable(),
})
export type SettingsView = z.infer<typeof SettingsView>
