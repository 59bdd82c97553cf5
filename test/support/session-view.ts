import type { RotationEntry, SessionView, TrafficEntry } from '#shared/model/session.ts'

/** An identifier of 32 hexadecimal digits that a test can tell from others. */
export const idOf = (number: number): string => number.toString(16).padStart(32, '0')

/** A session as one of its sides would tell of it. */
export function sessionView(changes: Partial<SessionView> = {}): SessionView {
  return {
    sessionId: idOf(1),
    initiator: 'chaser-001',
    responder: 'target-station',
    state: 'active',
    level: 'high',
    suite: 'ECDHE-P384 / HKDF-SHA384 / AES-256-GCM',
    perfectForwardSecrecy: true,
    postQuantumSecure: false,
    establishedAt: '2026-11-21T00:00:00.000Z',
    lastActivityAt: '2026-11-21T00:00:00.000Z',
    keyVersion: 1,
    keyEstablishedAt: '2026-11-21T00:00:00.000Z',
    nextRotationAt: null,
    messages: 0,
    bytes: 0,
    messageLimit: 2 ** 24,
    refused: {},
    closedAt: null,
    closeReason: null,
    ...changes,
  }
}

/** A message that target-station accepted from chaser-001. */
export function trafficEntry(changes: Partial<TrafficEntry> = {}): TrafficEntry {
  return {
    time: '2026-11-21T00:00:00.000Z',
    sessionId: idOf(1),
    sender: 'chaser-001',
    recipient: 'target-station',
    messageType: 'docking_request',
    priority: 3,
    sequence: 1,
    keyVersion: 1,
    bytes: 300,
    verdict: null,
    observer: 'target-station',
    ...changes,
  }
}

/** A rotation on the timer that went well. */
export function rotationEntry(changes: Partial<RotationEntry> = {}): RotationEntry {
  return {
    sessionId: idOf(1),
    peers: ['chaser-001', 'target-station'],
    keyVersion: 2,
    trigger: 'timer',
    outcome: 'rotated',
    time: '2026-11-21T00:05:00.000Z',
    detail: 'fresh ECDH P-384',
    ...changes,
  }
}
