import type { AuditRecord } from '#shared/model/audit.ts'
import type { AuditDetail, AuditLog } from './log.ts'

/** The spec's logger ("Security Event Logging"): its three events with its severities, on the chained log. */
export class SecurityAuditLogger {
  readonly #audit: AuditLog

  constructor(audit: AuditLog) {
    this.#audit = audit
  }

  /** `peerId` could not prove to `agentId` who it is. */
  logAuthenticationFailure(agentId: string, peerId: string, reason: string): AuditRecord {
    return this.#audit.append({
      type: 'AUTHENTICATION_FAILURE',
      severity: 'HIGH',
      actor: agentId,
      subject: peerId,
      detail: { reason },
    })
  }

  /** A key of `agentId` was replaced, or should have been. */
  logKeyRotation(agentId: string, keyType: string, success: boolean): AuditRecord {
    return this.#audit.append({
      type: 'KEY_ROTATION',
      severity: 'MEDIUM',
      actor: agentId,
      subject: keyType,
      detail: { success },
    })
  }

  /** `agentId` broke a rule. */
  logSecurityViolation(agentId: string, violationType: string, details: AuditDetail): AuditRecord {
    return this.#audit.append({
      type: 'SECURITY_VIOLATION',
      severity: 'CRITICAL',
      actor: agentId,
      subject: violationType,
      detail: details,
    })
  }
}
