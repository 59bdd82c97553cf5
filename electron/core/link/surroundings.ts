import type { ErrorCode } from '#shared/errors.ts'
import type { AuditType } from '#shared/model/audit.ts'
import type { Severity } from '#shared/model/primitives.ts'

/** What the gateway needs to know of a certificate's validation; the certificate authority's answer has more fields. */
export interface PeerValidation {
  readonly isValid: boolean
  /** Issued by the fleet's root. Only then may `identity` be believed. */
  readonly trustChainValid: boolean
  readonly identity: { readonly agentId: string; readonly profile: string } | null
  /** The first failure; null if valid. */
  readonly failure: ErrorCode | null
  readonly validationErrors: readonly string[]
}

/** The fleet as the gateway sees it. Asked anew at each use, so a new CRL counts at once. */
export interface FleetDirectory {
  /** The console's own agent, reached in this process. */
  readonly consoleAgent: string
  /** The root certificate, DER. @throws SecurityException `authority_missing` */
  trustAnchor(): Uint8Array
  /** The current CRL, DER. @throws SecurityException `authority_missing` */
  crl(): Uint8Array
  /** Validates a client's certificate (DER) for use at the gateway, now. */
  validate(certificate: Uint8Array): PeerValidation
}

export interface EnrolmentReceipt {
  readonly id: string
  readonly fingerprint: string
  readonly state: string
}

export interface EnrolmentDecision {
  readonly state: 'pending' | 'approved' | 'refused'
  readonly reason: string | null
  /** PEM, once approved. */
  readonly certificate: string | null
  /** The certificates above it, PEM, the root last. */
  readonly chain: readonly string[]
}

/** Where certificate requests go. */
export interface EnrolmentCounter {
  /** @throws SecurityException csr_*, name_not_allowed, already_enrolled, conflict, rate_limited */
  submit(csr: string, source: string): Promise<EnrolmentReceipt>
  /** @throws SecurityException `not_found` */
  status(id: string): EnrolmentDecision
  /** Answers when the request is decided, or after `milliseconds` with what is known then. */
  waitForDecision(id: string, milliseconds: number): Promise<EnrolmentDecision>
}

export interface GatewayAuditEntry {
  readonly type: AuditType
  readonly severity: Severity
  readonly actor: string
  readonly subject: string
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

/**
 * Records an act; durable when it returns, or it throws. Entries under one `key` repeat one another at the will of
 * others, and the log folds the repeats of a short time into one record. Null: each stands for itself.
 */
export type GatewayAudit = (key: string | null, entry: GatewayAuditEntry) => void

/** A connection or request that was turned away. */
export interface Turned {
  /** The agent that proved to be this one, though it may not come in; null where nothing was proved. */
  readonly agentId: string | null
  readonly code: ErrorCode
  readonly message: string
  readonly source: string
}
