import type { AuditRecord, AuditType } from '#shared/model/audit.ts'
import { sentence, spoken } from './text.ts'

/** An audit type in words: `SESSION_ESTABLISHED` as `Session established`, with the abbreviations kept. */
export function auditTitle(type: AuditType): string {
  return sentence(spoken(type.toLowerCase()))
    .replace(/\bpin\b/i, 'PIN')
    .replace(/\bcrl\b/i, 'CRL')
}

/** Facts that say why; they come first, because the line is cut where the room ends. */
const telling: ReadonlySet<string> = new Set(['verdict', 'reason', 'code', 'outcome'])

/** The record's facts on one line: `reason: keyCompromise · serial: 4f…`. */
export function auditSummary(record: AuditRecord): string {
  return Object.entries(record.detail)
    .filter(([, value]) => value !== null && value !== '')
    .sort(([one], [other]) => Number(telling.has(other)) - Number(telling.has(one)))
    .map(([name, value]) => `${spoken(name)}: ${shorten(String(value))}`)
    .join(' · ')
}

function shorten(value: string): string {
  return value.length > 60 ? `${value.slice(0, 57)}…` : value
}
