import type { SecurityLevel } from '#shared/model/primitives.ts'
import { EncryptionError } from '../errors.ts'

/** A fixed set of algorithms under one number. Suites are negotiated whole, so that no part can be weakened alone. */
export interface Suite {
  readonly id: number
  readonly name: string
  readonly level: SecurityLevel
  readonly perfectForwardSecrecy: boolean
  readonly postQuantumSecure: boolean
  /** Hard stops for one key version, both directions together (RFC 8446 section 5.5 allows 2^24.5 full records). */
  readonly messageLimit: number
  readonly byteLimit: number
}

const p384: Suite = {
  id: 1,
  name: 'ECDHE-P384 / HKDF-SHA384 / AES-256-GCM',
  level: 'high',
  perfectForwardSecrecy: true,
  postQuantumSecure: false,
  messageLimit: 2 ** 24,
  byteLimit: 2 ** 36,
}

/** What this engine can do, best first. */
export const suites: readonly Suite[] = [p384]

/** A rekey starts by itself when this share of a limit is used. */
export const rekeyAtShare = 0.5

/**
 * The suites that serve a security level.
 * @throws EncryptionError for a level that this build does not offer.
 */
export function suitesFor(level: SecurityLevel): readonly Suite[] {
  const fitting = suites.filter((suite) => suite.level === level)
  if (fitting.length === 0) {
    throw new EncryptionError(
      'session_failed',
      `Security level "${level}" is not offered by this build; use "high".`,
    )
  }
  return fitting
}

/** The best suite that both sides allow, or null. Our order decides, so an attacker cannot choose by re-ordering. */
export function chooseSuite(offered: readonly number[], level: SecurityLevel): Suite | null {
  return suites.find((suite) => suite.level === level && offered.includes(suite.id)) ?? null
}
