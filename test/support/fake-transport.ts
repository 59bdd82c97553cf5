import type { EventName, EventOf } from '#shared/contract/events.ts'
import type { InputOf, OperationName, OutputOf } from '#shared/contract/operations.ts'
import type { Transport, Unsubscribe } from '#shared/contract/transport.ts'
import type { ErrorCode, Failure, Reply } from '#shared/errors.ts'
import type { AuditRecord } from '#shared/model/audit.ts'
import type { ConsoleStatus } from '#shared/model/console.ts'
import {
  fakeAgent,
  fakeCertificate,
  fakeFleet,
  fakeRecord,
  fakeRequest,
  fakeSchedule,
  fakeSessions,
  fakeTraffic,
  instant,
} from './fake-fleet.ts'

export type Scene = 'data' | 'empty' | 'error'

type Handler<Name extends OperationName> = (
  input: InputOf<Name>,
) => Reply<OutputOf<Name>> | Promise<Reply<OutputOf<Name>>>
type Handlers = { [Name in OperationName]: Handler<Name> }

export const ok = <Value>(value: Value): Reply<Value> => ({ ok: true, value })

export function refusal(code: ErrorCode, message: string): Failure {
  return { ok: false, code, message, correlationId: '7f3a9c12' }
}

export function fakeStatus(now: number, changes: Partial<ConsoleStatus> = {}): ConsoleStatus {
  return {
    phase: 'signed_in',
    version: '0.1.0',
    startedAt: instant(now - 3_600_000),
    operator: { name: 'A. Ferrari', role: 'security_officer' },
    token: {
      label: 'Flight token',
      serial: '8c21f0aa',
      model: 'Software vault',
      protection: 'software',
      triesLeft: 10,
      pinLocked: false,
    },
    hasAuthority: true,
    authorityExpiresAt: instant(now + 3600 * 86_400_000),
    gateway: { state: 'listening', host: '127.0.0.1', port: 7443, connectedAgents: 2, problem: null },
    audit: { intact: true, records: 1250, verifiedAt: instant(now - 600_000), firstBad: null, problem: null },
    pendingRequests: 0,
    idleLockSeconds: 300,
    ...changes,
  }
}

/**
 * An engine that answers from memory: the same contract, no cryptography. Tests replace single answers through
 * `answers` and announce events through `announce`; `calls` keeps what was asked.
 */
export class FakeTransport implements Transport {
  readonly calls: { name: string; input: unknown }[] = []
  readonly answers: Handlers
  status: ConsoleStatus
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>()

  constructor(now: number, scene: Scene = 'data', status: Partial<ConsoleStatus> = {}) {
    this.status = fakeStatus(now, { pendingRequests: scene === 'data' ? 2 : 0, ...status })
    this.answers = answersFor(scene, now, this)
  }

  call(name: string, input: unknown): Promise<Reply> {
    this.calls.push({ name, input })
    const handler = this.answers[name as OperationName] as (input: unknown) => Reply | Promise<Reply>
    return Promise.resolve(handler(input))
  }

  on(event: string, listener: (payload: unknown) => void): Unsubscribe {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  announce<Name extends EventName>(event: Name, payload: EventOf<Name>): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload)
  }

  /** Changes the console's status, announces it and answers with it. */
  become(changes: Partial<ConsoleStatus>): Reply<ConsoleStatus> {
    this.status = { ...this.status, ...changes }
    this.announce('console.status', this.status)
    return ok(this.status)
  }
}

function answersFor(scene: Scene, now: number, fake: FakeTransport): Handlers {
  const list = <Value>(value: Value, empty: Value): Reply<Value> =>
    scene === 'error'
      ? refusal(
          'database_damaged',
          'The database cannot be read. Stop the console and restore the data folder from a backup.',
        )
      : ok(scene === 'empty' ? empty : value)
  const records: AuditRecord[] = Array.from({ length: 1250 }, (_, index) =>
    fakeRecord(1250 - index, now - index * 17_000 - 4000),
  )
  const requests = [fakeRequest('chaser-002', 3, now), fakeRequest('servicer-alpha', 8, now)]

  return {
    'console.status': () => ok(fake.status),
    'console.settings': () => list(fakeSettings, { ...fakeSettings, configuration: [] }),
    'token.create': ({ operator, label }) =>
      fake.become({
        phase: 'signed_in',
        operator: { name: operator, role: 'security_officer' },
        token: {
          label,
          serial: '8c21f0aa',
          model: 'Software vault',
          protection: 'software',
          triesLeft: 10,
          pinLocked: false,
        },
      }),
    'token.changePin': () => ok({}),
    'token.unblock': () => fake.become({ phase: 'signed_out' }),
    'access.signIn': ({ pin }) => {
      if (pin === 'correct horse')
        return fake.become({ phase: 'signed_in', operator: { name: 'A. Ferrari', role: 'security_officer' } })
      const left = Math.max(0, (fake.status.token?.triesLeft ?? 10) - 1)
      if (fake.status.token)
        fake.become({ token: { ...fake.status.token, triesLeft: left, pinLocked: left === 0 } })
      return refusal('pin_incorrect', `The PIN is wrong. ${left} tries are left before the token locks.`)
    },
    'access.signOut': () => fake.become({ phase: 'signed_out', operator: null }),
    'access.lock': () => fake.become({ phase: 'locked' }),
    'access.touch': () => ok({}),
    'authority.create': () => {
      fake.become({ hasAuthority: true })
      return ok(fakeAuthority(now))
    },
    'authority.read': () => ok(fake.status.hasAuthority ? fakeAuthority(now) : null),
    'enrolment.list': () => list(requests, []),
    'enrolment.approve': ({ id }) => {
      const request = requests.find((each) => each.id === id)
      if (!request) return refusal('not_found', 'There is no such request. It may have been decided already.')
      fake.announce('enrolment.changed', {
        ...request,
        state: 'approved',
        decidedAt: instant(now),
        decidedBy: 'A. Ferrari',
      })
      const agent = fakeAgent(request.agentId, 12, now, { connected: false, sessions: 0, lastSeenAt: null })
      fake.announce('fleet.changed', agent)
      return ok(agent)
    },
    'enrolment.refuse': ({ id, reason }) => {
      const request = requests.find((each) => each.id === id)
      if (!request) return refusal('not_found', 'There is no such request. It may have been decided already.')
      return ok({ ...request, state: 'refused', decidedAt: instant(now), decidedBy: 'A. Ferrari', reason })
    },
    'fleet.list': () => list(fakeFleet(now), []),
    'fleet.declareCompromised': ({ agentId, reason }) =>
      ok(fakeAgent(agentId, 2, now, { verdict: 'compromised', compromiseReason: reason })),
    'session.list': () => list(fakeSessions(now), []),
    'session.traffic': () => list(fakeTraffic(now), []),
    'session.rotate': ({ sessionId }) =>
      ok({
        sessionId,
        peers: ['chaser-001', 'target-station'],
        keyVersion: 6,
        trigger: 'operator',
        outcome: 'rotated',
        time: instant(now),
        detail: 'New ephemeral keys.',
      }),
    'session.rotateAll': () => ok(fakeSchedule(now).history.slice(0, 3)),
    'rotation.schedule': () => list(fakeSchedule(now), { intervalSeconds: 300, upcoming: [], history: [] }),
    'audit.list': ({ before = Infinity, limit }) =>
      list(
        {
          records: records.filter((record) => record.sequence < before).slice(0, limit),
          total: records.length,
        },
        { records: [], total: 0 },
      ),
    'audit.verify': () => {
      const verification = {
        intact: true,
        records: records.length,
        verifiedAt: instant(now),
        firstBad: null,
        problem: null,
      }
      fake.become({ audit: verification })
      return ok(verification)
    },
  }
}

function fakeAuthority(now: number): NonNullable<OutputOf<'authority.read'>> {
  return {
    certificate: {
      ...fakeCertificate('fleet-root', 77, now),
      subject: 'CN=Fleet root CA, O=Orbital Services',
      profile: 'root',
      agentId: null,
      notAfter: instant(now + 3600 * 86_400_000),
    },
    key: { protection: 'software', exportable: false },
    crl: {
      number: 3,
      thisUpdate: instant(now - 95_000),
      nextUpdate: instant(now + 6.9 * 86_400_000),
      entries: 1,
    },
    issued: 6,
  }
}

const fakeSettings: OutputOf<'console.settings'> = {
  dataFolder: '/home/operator/.local/share/groundlock',
  configurationFile: '/home/operator/.local/share/groundlock/config.json',
  configuration: [
    {
      key: 'encryption_algorithm',
      value: '"AES-256-GCM"',
      isDefault: true,
      allowed: '"AES-256-GCM"',
      meaning: 'How messages are encrypted.',
    },
    {
      key: 'key_rotation_interval',
      value: '120',
      isDefault: false,
      allowed: '5 to 2592000',
      meaning: 'Seconds after which a session gets new keys.',
    },
    {
      key: 'max_message_age',
      value: '60',
      isDefault: true,
      allowed: '1 to 86400',
      meaning: 'Seconds after which a message is refused as stale.',
    },
    {
      key: 'replay_window_size',
      value: '1024',
      isDefault: true,
      allowed: '64 to 8192',
      meaning: 'Sequence numbers that are remembered against replay.',
    },
    {
      key: 'gateway_port',
      value: '7443',
      isDefault: true,
      allowed: '0 to 65535; 0 is any free port',
      meaning: 'Port on which agents reach the gateway.',
    },
  ],
  runtime: { node: '24.21.0', crypto: 'OpenSSL 3.5.4', sqlite: '3.54.1', platform: 'linux x64' },
  pkcs11: {
    available: false,
    explanation: 'PKCS#11 needs a C++ compiler at installation. The software token works without it.',
  },
  selfTest: {
    ranAt: '2026-11-21T08:55:02.000Z',
    passed: true,
    algorithms: [
      { algorithm: 'AES-256-GCM', provider: 'node', passed: true },
      { algorithm: 'ChaCha20-Poly1305', provider: 'noble', passed: true },
      { algorithm: 'Argon2id', provider: 'node-rs', passed: true },
    ],
  },
  conformance: {
    ranAt: '2026-11-21T09:12:44.000Z',
    node: '24.21.0',
    library: 'OpenSSL 3.5.8',
    total: {
      files: 2,
      malformed: 0,
      cases: 23,
      passed: 13,
      acceptable: 8,
      acceptableRefused: 8,
      failed: 0,
      skipped: 2,
    },
    files: [
      {
        file: 'aes_gcm_test.json',
        algorithm: 'AES-GCM',
        cases: 13,
        passed: 11,
        acceptable: 0,
        failed: 0,
        skipped: 2,
        note: 'the engine refuses IVs of 64 bits: 96 only; the engine refuses keys of 128 bits: 256 only',
      },
      {
        file: 'x25519_test.json',
        algorithm: 'XDH',
        cases: 10,
        passed: 2,
        acceptable: 8,
        failed: 0,
        skipped: 0,
        note: '',
      },
    ],
  },
}
