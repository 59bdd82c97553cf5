import type { AuditRecord } from '#shared/model/audit.ts'
import type { AuditVerification, GatewayView } from '#shared/model/console.ts'
import type { TrustVerdict } from '#shared/model/fleet.ts'
import type { Severity } from '#shared/model/primitives.ts'
import type { RotationSchedule } from '#shared/model/session.ts'

/** The six states of AstroUXDS; each has its own shape and its own colour. */
export type StatusKind = 'off' | 'standby' | 'normal' | 'caution' | 'serious' | 'critical'

export interface Status {
  readonly kind: StatusKind
  readonly label: string
}

export const trustStatus: Record<TrustVerdict, Status> = {
  trusted: { kind: 'normal', label: 'Trusted' },
  caution: { kind: 'caution', label: 'Caution' },
  untrusted: { kind: 'serious', label: 'Untrusted' },
  compromised: { kind: 'critical', label: 'Compromised' },
}

/** Worst first: the order in which an operator wants to read the fleet. */
export const trustOrder: readonly TrustVerdict[] = ['compromised', 'untrusted', 'caution', 'trusted']

export const severityStatus: Record<Severity, Status> = {
  INFO: { kind: 'standby', label: 'Info' },
  LOW: { kind: 'normal', label: 'Low' },
  MEDIUM: { kind: 'caution', label: 'Medium' },
  HIGH: { kind: 'serious', label: 'High' },
  CRITICAL: { kind: 'critical', label: 'Critical' },
}

/**
 * How a record is marked. The specification gives every rotation the severity MEDIUM; one that succeeded is routine and
 * must not look like a caution, so only its mark differs from its severity.
 */
export function recordStatus({ type, severity, detail }: AuditRecord): Status {
  const status = severityStatus[severity]
  return type === 'KEY_ROTATION' && detail['success'] === true ? { ...status, kind: 'normal' } : status
}

export const severityOrder: readonly Severity[] = ['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']

export type RotationState = RotationSchedule['upcoming'][number]['state']

export const rotationStatus: Record<RotationState, Status> = {
  scheduled: { kind: 'normal', label: 'Scheduled' },
  due: { kind: 'caution', label: 'Due' },
  overdue: { kind: 'critical', label: 'Overdue' },
  out_of_contact: { kind: 'standby', label: 'Out of contact' },
}

export function gatewayStatus(gateway: GatewayView): Status {
  if (gateway.state === 'listening') return { kind: 'normal', label: 'Listening' }
  if (gateway.state === 'failed') return { kind: 'critical', label: 'Failed' }
  return { kind: 'off', label: 'Stopped' }
}

export function chainStatus(verification: AuditVerification | null): Status {
  if (!verification) return { kind: 'standby', label: 'Not yet verified' }
  return verification.intact ? { kind: 'normal', label: 'Intact' } : { kind: 'critical', label: 'Broken' }
}
