import { AuditRecord, type AuditType } from '#shared/model/audit.ts'
import { Instant, type Severity } from '#shared/model/primitives.ts'
import { sha256 } from '../crypto/digest.ts'

export type AuditDetail = Readonly<Record<string, string | number | boolean | null>>

/** What a service hands in; the log adds sequence, time and hashes. Never a secret. */
export interface AuditEntry {
  readonly type: AuditType
  readonly severity: Severity
  /** Who did it: the operator's name, an agent's name, or `console`. */
  readonly actor: string
  /** What it was done to. */
  readonly subject: string
  readonly detail: AuditDetail
}

/** A record as the table holds it. `detail` is the canonical JSON text that was hashed. */
export interface AuditRow {
  readonly sequence: number
  readonly time: string
  readonly type: AuditType
  readonly severity: Severity
  readonly actor: string
  readonly subject: string
  readonly detail: string
  readonly previous_hash: Buffer
  readonly hash: Buffer
}

/** What the first record follows: 32 zero bytes. */
export const chainStart: Buffer = Buffer.alloc(32)

/** Longest text of a field, in UTF-16 units; what peers send may be longer and is cut. */
const longestText = 2000

/**
 * Text that comes back from the database as it went in. Names come from the network: a lone surrogate would be stored
 * as another character and break the chain, so it becomes U+FFFD here.
 */
export function auditText(text: string): string {
  const cut = text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text
  return cut.toWellFormed()
}

/** The detail as JSON with sorted keys and no blanks (RFC 8785 for flat objects of finite numbers). */
export function canonicalDetail(detail: AuditDetail): string {
  const members = Object.keys(detail)
    .sort()
    .map((key) => `${JSON.stringify(key.toWellFormed())}:${canonicalValue(detail[key])}`)
  return `{${members.join(',')}}`
}

function canonicalValue(value: AuditDetail[string] | undefined): string {
  if (typeof value === 'string') return JSON.stringify(auditText(value))
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('an audit detail is a finite number')
  return JSON.stringify(value ?? null)
}

/**
 * SHA-256 over the previous record's hash (32 bytes) and the canonical JSON of the record, keys sorted. The detail
 * goes in as the text that is stored, so that no edit of it is too small to be seen.
 */
export function recordHash(row: Omit<AuditRow, 'hash'>): Buffer {
  const text = `{"actor":${JSON.stringify(row.actor)},"detail":${row.detail},"sequence":${row.sequence},"severity":${JSON.stringify(row.severity)},"subject":${JSON.stringify(row.subject)},"time":${JSON.stringify(row.time)},"type":${JSON.stringify(row.type)}}`
  return sha256(Buffer.concat([row.previous_hash, Buffer.from(text)]))
}

/** A row the log has just written, in the contract's form. */
export function toRecord(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    time: row.time,
    type: row.type,
    severity: row.severity,
    actor: row.actor,
    subject: row.subject,
    detail: JSON.parse(row.detail) as AuditRecord['detail'],
    previousHash: row.previous_hash.toString('hex'),
    hash: row.hash.toString('hex'),
  }
}

/**
 * A row as it was found. One that was edited into something the contract has no form for is shown as just that,
 * so that an edited record cannot hide the others from the operator.
 */
export function readRecord(row: AuditRow): AuditRecord {
  try {
    return AuditRecord.parse(toRecord(row))
  } catch {
    return {
      sequence: row.sequence,
      time: Instant.safeParse(row.time).data ?? new Date(0).toISOString(),
      type: 'SECURITY_VIOLATION',
      severity: 'CRITICAL',
      actor: row.actor,
      subject: 'audit record',
      detail: { problem: 'This record was edited and cannot be read. Verify the audit log.' },
      previousHash: chainStart.toString('hex'),
      hash: chainStart.toString('hex'),
    }
  }
}
