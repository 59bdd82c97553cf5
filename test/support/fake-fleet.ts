import type { AuditRecord, AuditType } from '#shared/model/audit.ts'
import type { CertificateView, EnrolmentRequest, FleetAgent } from '#shared/model/fleet.ts'
import type { Severity } from '#shared/model/primitives.ts'
import type { RotationEntry, RotationSchedule, SessionView, TrafficEntry } from '#shared/model/session.ts'

/** A believable fleet at the instant `now` (epoch milliseconds), for tests and pictures of the screen. */

export const hex = (seed: number, digits: number): string =>
  Array.from({ length: digits }, (_, index) =>
    ((seed * 7919 + index * index * 31 + index * 17) % 16).toString(16),
  ).join('')

export const instant = (at: number): string => new Date(at).toISOString()

const readable = (at: number): string => `${instant(at).slice(0, 10)} ${instant(at).slice(11, 16)}Z`

const day = 86_400_000

export function fakeCertificate(
  agentId: string,
  seed: number,
  now: number,
  revoked = false,
): CertificateView {
  return {
    serial: `4${hex(seed, 31)}`,
    subject: `CN=${agentId}, O=Orbital Services`,
    issuer: 'CN=Fleet root CA, O=Orbital Services',
    profile: 'spacecraft',
    agentId,
    keyAlgorithm: 'ECDSA P-384',
    signatureAlgorithm: 'ECDSA with SHA-384',
    fingerprint: hex(seed + 3, 64),
    notBefore: instant(now - 40 * day),
    notAfter: instant(now + 325 * day),
    revokedAt: revoked ? instant(now - 95_000) : null,
    revocationReason: revoked ? 'keyCompromise' : null,
    pem: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  }
}

export function fakeAgent(
  agentId: string,
  seed: number,
  now: number,
  changes: Partial<FleetAgent> = {},
): FleetAgent {
  const compromised = changes.verdict === 'compromised'
  return {
    agentId,
    profile: agentId.startsWith('observer') ? 'observer' : 'spacecraft',
    verdict: 'trusted',
    checks: [
      {
        check: 'chain',
        passed: true,
        explanation: 'Signed by the fleet’s root CA, CN=Fleet root CA, O=Orbital Services.',
      },
      {
        check: 'validity',
        passed: true,
        explanation: `Valid until ${readable(now + 325 * day)}.`,
      },
      {
        check: 'revocation',
        passed: !compromised,
        explanation: compromised
          ? `The certificate was revoked at ${readable(now - 95_000)}: keyCompromise.`
          : `Not on revocation list 3 of ${readable(now - 95_000)}.`,
      },
      {
        check: 'identity',
        passed: true,
        explanation: `Names ${agentId}, profile spacecraft, alike in URI and common name.`,
      },
      {
        check: 'key_usage',
        passed: true,
        explanation: 'ECDSA P-384 key, for signatures and authentication only.',
      },
    ],
    connected: !compromised,
    remoteAddress: compromised ? null : `127.0.0.1:${50_100 + seed}`,
    lastSeenAt: instant(now - seed * 1300),
    enrolledAt: instant(now - 40 * day),
    compromisedAt: compromised ? instant(now - 95_000) : null,
    compromiseReason: compromised ? 'Key material found in a leaked memory dump' : null,
    sessions: compromised ? 0 : 2,
    refusedConnections: compromised ? 4 : 0,
    certificate: fakeCertificate(agentId, seed, now, compromised),
    isConsole: false,
    ...changes,
  }
}

export function fakeFleet(now: number): FleetAgent[] {
  return [
    fakeAgent('chaser-001', 1, now),
    fakeAgent('target-station', 2, now, { sessions: 3 }),
    fakeAgent('observer-001', 70, now, { verdict: 'compromised' }),
    fakeAgent('relay-north-02', 9, now, {
      verdict: 'caution',
      connected: false,
      remoteAddress: null,
      lastSeenAt: instant(now - 3 * day),
      sessions: 0,
      checks: [{ check: 'validity', passed: false, explanation: 'Expires in 12 days: renew it.' }],
    }),
    fakeAgent('ground-station', 5, now, {
      profile: 'ground-station',
      isConsole: true,
      remoteAddress: null,
      sessions: 2,
    }),
  ]
}

export function fakeRequest(agentId: string, seed: number, now: number): EnrolmentRequest {
  return {
    id: hex(seed, 32),
    agentId,
    profile: 'spacecraft',
    keyAlgorithm: 'ECDSA P-384',
    fingerprint: hex(seed + 11, 64),
    source: '127.0.0.1',
    receivedAt: instant(now - seed * 9000),
    state: 'pending',
    decidedAt: null,
    decidedBy: null,
    reason: null,
  }
}

export function fakeSession(initiator: string, responder: string, seed: number, now: number): SessionView {
  return {
    sessionId: hex(seed + 40, 32),
    initiator,
    responder,
    state: 'active',
    level: 'high',
    suite: 'ECDH-P384 · HKDF-SHA384 · AES-256-GCM · ECDSA-P384',
    perfectForwardSecrecy: true,
    postQuantumSecure: false,
    establishedAt: instant(now - 2_400_000),
    lastActivityAt: instant(now - seed * 900),
    keyVersion: 4 + seed,
    keyEstablishedAt: instant(now - seed * 61_000),
    nextRotationAt: instant(now - seed * 61_000 + 300_000),
    messages: seed * 2931,
    bytes: seed * 812_331,
    messageLimit: 16_384,
    refused: seed === 1 ? { duplicate: 1, bad_tag: 1, stale: 2 } : {},
    closedAt: null,
    closeReason: null,
  }
}

export function fakeSessions(now: number): SessionView[] {
  return [
    fakeSession('chaser-001', 'target-station', 1, now),
    fakeSession('chaser-001', 'ground-station', 2, now),
    { ...fakeSession('target-station', 'ground-station', 5, now), state: 'rekeying' },
    {
      ...fakeSession('observer-001', 'target-station', 4, now),
      state: 'closed',
      nextRotationAt: null,
      closedAt: instant(now - 95_000),
      closeReason: 'Peer was declared compromised',
    },
  ]
}

export function fakeTraffic(now: number): TrafficEntry[] {
  const types = ['docking_request', 'docking_response', 'telemetry', 'telemetry', 'state_vector', 'heartbeat']
  const verdicts = [null, 'duplicate', null, 'bad_tag', null, null, 'stale', null] as const
  return Array.from({ length: 40 }, (_, index) => ({
    time: instant(now - 2_000 - index * 3_700),
    sessionId: hex(41, 32),
    sender: index % 2 === 0 ? 'chaser-001' : 'target-station',
    recipient: index % 2 === 0 ? 'target-station' : 'chaser-001',
    messageType: types[index % types.length] ?? 'telemetry',
    priority: index % 6 < 2 ? 3 : 2,
    sequence: 2931 - index,
    keyVersion: 5,
    bytes: 180 + ((index * 37) % 260),
    verdict: index < 8 ? (verdicts[index] ?? null) : null,
    observer: index % 2 === 0 ? 'target-station' : 'chaser-001',
  }))
}

export function fakeSchedule(now: number): RotationSchedule {
  const open = fakeSessions(now).filter((session) => session.state !== 'closed')
  const history: RotationEntry[] = open.flatMap((session, at) =>
    Array.from({ length: 7 }, (_, index) => ({
      sessionId: session.sessionId,
      peers: [session.initiator, session.responder] as [string, string],
      keyVersion: Math.max(1, session.keyVersion - index),
      trigger: index === 2 ? ('operator' as const) : ('timer' as const),
      outcome: at === 1 && index === 3 ? ('failed' as const) : ('rotated' as const),
      time: instant(Date.parse(session.keyEstablishedAt) - index * 300_000),
      detail:
        at === 1 && index === 3
          ? 'The peer did not answer within 10 s; tried again 30 s later.'
          : 'New ephemeral ECDH P-384 keys on both sides.',
    })),
  )
  return {
    intervalSeconds: 300,
    upcoming: open.map((session, index) => ({
      sessionId: session.sessionId,
      peers: [session.initiator, session.responder],
      keyVersion: session.keyVersion,
      keyEstablishedAt: session.keyEstablishedAt,
      dueAt: session.nextRotationAt ?? instant(now),
      state: index === 2 ? 'overdue' : 'scheduled',
    })),
    history: history.sort((a, b) => b.time.localeCompare(a.time)),
  }
}

const envelope = (messageType: string, sequence: number, priority: number): AuditRecord['detail'] => ({
  messageType,
  priority,
  sequence,
  keyVersion: 5,
  sessionId: hex(41, 32),
  bytes: 412,
})

/** Type, severity, actor, subject and detail as the engine writes them. */
const events: [AuditType, Severity, string, string, AuditRecord['detail']][] = [
  ['MESSAGE_ACCEPTED', 'INFO', 'target-station', 'chaser-001', envelope('docking_request', 2931, 3)],
  [
    'MESSAGE_REFUSED',
    'MEDIUM',
    'target-station',
    'chaser-001',
    { verdict: 'stale', ...envelope('telemetry', 2930, 2) },
  ],
  [
    'KEY_ROTATION',
    'MEDIUM',
    'chaser-001',
    'chaser-001 ↔ target-station',
    {
      sessionId: hex(41, 32),
      keyVersion: 5,
      trigger: 'timer',
      success: true,
      outcome: 'rotated',
      note: 'fresh ECDH P-384',
    },
  ],
  [
    'CONNECTION_REFUSED',
    'HIGH',
    'observer-001',
    'observer-001',
    {
      code: 'certificate_revoked',
      message: 'The certificate was revoked at 2026-11-21 14:57Z: keyCompromise.',
      source: '127.0.0.1',
    },
  ],
  [
    'AGENT_COMPROMISED',
    'CRITICAL',
    'A. Ferrari',
    'observer-001',
    { reason: 'Key material found in a leaked memory dump', certificates: 1 },
  ],
  ['CRL_ISSUED', 'INFO', 'A. Ferrari', 'root', { number: 3, entries: 1 }],
  [
    'SESSION_ESTABLISHED',
    'INFO',
    'chaser-001',
    'target-station',
    {
      sessionId: hex(41, 32),
      level: 'high',
      suite: 'ECDHE-P384 / HKDF-SHA384 / AES-256-GCM',
      forwardSecrecy: true,
      postQuantum: false,
      reportedBy: 'chaser-001',
    },
  ],
  [
    'AGENT_CONNECTED',
    'INFO',
    'chaser-001',
    'chaser-001',
    { remoteAddress: '127.0.0.1:50101', certificate: hex(4, 64), replaces: false },
  ],
  [
    'ENROLMENT_APPROVED',
    'INFO',
    'A. Ferrari',
    'chaser-001',
    { request: hex(6, 32), fingerprint: hex(14, 64) },
  ],
  ['SIGNED_IN', 'INFO', 'A. Ferrari', 'console', {}],
]

export function fakeRecord(sequence: number, now: number): AuditRecord {
  const [type, severity, actor, subject, detail] = events[sequence % events.length] ?? events[0]!
  return {
    sequence,
    time: instant(now),
    type,
    severity,
    actor,
    subject,
    detail,
    previousHash: hex(sequence - 1, 64),
    hash: hex(sequence, 64),
  }
}
