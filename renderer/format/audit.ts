import type { AuditRecord, AuditType } from '#shared/model/audit.ts'
import { detailFacts } from './audit-detail.ts'
import { sentence, spoken } from './text.ts'

/** An audit type in words: `SESSION_ESTABLISHED` as `Session established`, with the abbreviations kept. */
export function auditTitle(type: AuditType): string {
  return sentence(spoken(type.toLowerCase()))
    .replace(/\bpin\b/i, 'PIN')
    .replace(/\bcrl\b/i, 'CRL')
}

/** The record's facts on one line: `reason: key compromise · CRL number: 2 · serial: 4f…`. */
export function auditSummary(record: AuditRecord): string {
  return detailFacts(record)
    .filter(({ value }) => value !== '–')
    .map(({ label, value }) => `${label}: ${shorten(value)}`)
    .join(' · ')
}

function shorten(value: string): string {
  return value.length > 60 ? `${value.slice(0, 57)}…` : value
}
