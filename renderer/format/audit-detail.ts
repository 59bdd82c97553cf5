import { errorCodes } from '#shared/errors.ts'
import type { AuditRecord } from '#shared/model/audit.ts'
import { Instant } from '#shared/model/primitives.ts'
import { RevocationReason } from '#shared/model/fleet.ts'
import { RefusalVerdict, refusalMeaning } from '#shared/model/session.ts'
import { bytes, spoken } from './text.ts'
import { minute } from './time.ts'

type Value = AuditRecord['detail'][string]

/** One fact of a record, in words. */
export interface DetailFact {
  readonly name: string
  readonly label: string
  readonly value: string
  /** The recorded value, where its words are other ones: the search and the other programs know it by this. */
  readonly recorded: string | null
}

/** Names whose parts alone do not say it. */
const labels: Partial<Record<string, string>> = {
  afterLock: 'after a lock',
  claimed: 'claimed sender',
  crlNumber: 'CRL number',
  endedFor: 'ended because of',
  entries: 'revoked certificates',
  firstBad: 'first bad record',
  notAfter: 'valid until',
  postQuantum: 'post-quantum secure',
  remoteAddress: 'address',
  replaces: 'replaces a connection',
  request: 'request ID',
  sessionId: 'session ID',
  source: 'from',
  variousSources: 'from various sources',
  with: 'changed with',
}

/**
 * The engine keeps facts by name. On the screen those that say why come first, because the room ends somewhere, and
 * long identifiers come last.
 */
const places: Partial<Record<string, number>> = {
  verdict: -2,
  reason: -2,
  code: -2,
  outcome: -2,
  messageType: -1,
  bytes: 1,
  sessionId: 2,
  request: 2,
  fingerprint: 2,
  certificate: 2,
  serial: 2,
}

/** Codes of the contract; what a person typed is never taken for one. */
const codes: ReadonlySet<string> = new Set([...errorCodes, 'sender_forged'])

/** `keyVersion` as `key version`. */
function label(name: string): string {
  return labels[name] ?? spoken(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
}

function words(name: string, value: Value): string {
  if (value === null || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return name === 'bytes' ? bytes(value) : String(value)
  const verdict = RefusalVerdict.safeParse(value)
  if (name === 'verdict' && verdict.success) return refusalMeaning[verdict.data].title
  if (codes.has(value)) return spoken(value)
  if (name === 'reason' && RevocationReason.safeParse(value).success) return label(value)
  return Instant.safeParse(value).success ? minute(value) : value
}

/** What the record says, the most telling first. */
export function detailFacts(record: AuditRecord): DetailFact[] {
  return Object.entries(record.detail)
    .map(([name, value]) => {
      const said = words(name, value)
      const same = value === '' || String(value).toLowerCase() === said.toLowerCase()
      return {
        name,
        label: label(name),
        value: said,
        recorded: typeof value === 'string' && !same ? value : null,
      }
    })
    .sort((one, other) => (places[one.name] ?? 0) - (places[other.name] ?? 0))
}
