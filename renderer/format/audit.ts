import type { AuditRecord, AuditType } from '#shared/model/audit.ts'
import { detailFacts } from './audit-detail.ts'
import { sentence, spoken } from './text.ts'

/** An audit type in words: `SESSION_ESTABLISHED` as `Session established`, with the abbreviations kept. */
export function auditTitle(type: AuditType): string {
  return sentence(spoken(type.toLowerCase()))
    .replace(/\bpin\b/i, 'PIN')
    .replace(/\bcrl\b/i, 'CRL')
}

/** Facts that say why come first, because the line is cut where the room ends; long identifiers come last. */
const places: Partial<Record<string, number>> = {
  verdict: -1,
  reason: -1,
  code: -1,
  outcome: -1,
  sessionId: 1,
  request: 1,
  fingerprint: 1,
  certificate: 1,
  serial: 1,
}

/** The record's facts on one line: `reason: key compromise · CRL number: 2 · serial: 4f…`. */
export function auditSummary(record: AuditRecord): string {
  return detailFacts(record)
    .filter(({ value }) => value !== '–')
    .sort((one, other) => (places[one.name] ?? 0) - (places[other.name] ?? 0))
    .map(({ label, value }) => `${label}: ${shorten(value)}`)
    .join(' · ')
}

function shorten(value: string): string {
  return value.length > 60 ? `${value.slice(0, 57)}…` : value
}
