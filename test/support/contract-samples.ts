import type { EventName, EventOf } from '#shared/contract/events.ts'
import type { InputOf, OperationName, OutputOf } from '#shared/contract/operations.ts'

const instant = '2026-11-21T00:00:00.000Z'
const id = '00112233445566778899aabbccddeeff'
const hash = 'ab'.repeat(32)

const status: OutputOf<'console.status'> = {
  phase: 'signed_in',
  version: '0.1.0',
  startedAt: instant,
  operator: { name: 'Mara', role: 'security_officer' },
  token: {
    label: 'ops',
    serial: '01',
    model: 'software vault',
    protection: 'software',
    triesLeft: 10,
    pinLocked: false,
  },
  hasAuthority: true,
  authorityExpiresAt: instant,
  gateway: { state: 'listening', host: '127.0.0.1', port: 7443, connectedAgents: 2, problem: null },
  audit: null,
  pendingRequests: 1,
  idleLockSeconds: 300,
}

const certificate: NonNullable<OutputOf<'fleet.list'>[number]['certificate']> = {
  serial: '0a1b',
  subject: 'CN=chaser-001',
  issuer: 'CN=Root',
  profile: 'spacecraft',
  agentId: 'chaser-001',
  keyAlgorithm: 'ECDSA-P384',
  signatureAlgorithm: 'ECDSA-SHA384',
  fingerprint: hash,
  notBefore: instant,
  notAfter: instant,
  revokedAt: null,
  revocationReason: null,
  pem: '-----BEGIN CERTIFICATE-----',
}

const authority: NonNullable<OutputOf<'authority.read'>> = {
  certificate: { ...certificate, profile: 'root', agentId: null },
  key: { protection: 'software', exportable: false },
  crl: { number: 1, thisUpdate: instant, nextUpdate: instant, entries: 0 },
  issued: 3,
}

const request: OutputOf<'enrolment.refuse'> = {
  id,
  agentId: 'chaser-001',
  profile: 'spacecraft',
  keyAlgorithm: 'ECDSA-P384',
  fingerprint: hash,
  source: '127.0.0.1',
  receivedAt: instant,
  state: 'pending',
  decidedAt: null,
  decidedBy: null,
  reason: null,
}

const agent: OutputOf<'enrolment.approve'> = {
  agentId: 'chaser-001',
  profile: 'spacecraft',
  verdict: 'trusted',
  checks: [{ check: 'chain', passed: true, explanation: 'Issued by the fleet’s root.' }],
  connected: true,
  remoteAddress: '127.0.0.1',
  lastSeenAt: instant,
  enrolledAt: instant,
  compromisedAt: null,
  compromiseReason: null,
  sessions: 1,
  refusedConnections: 0,
  certificate,
  isConsole: false,
}

const session: OutputOf<'session.list'>[number] = {
  sessionId: id,
  initiator: 'chaser-001',
  responder: 'target-station',
  state: 'active',
  level: 'high',
  suite: 'ECDH-P384',
  perfectForwardSecrecy: true,
  postQuantumSecure: false,
  establishedAt: instant,
  lastActivityAt: instant,
  keyVersion: 1,
  keyEstablishedAt: instant,
  nextRotationAt: null,
  messages: 2,
  bytes: 512,
  messageLimit: 1000,
  refused: { duplicate: 1 },
  closedAt: null,
  closeReason: null,
}

const traffic: OutputOf<'session.traffic'>[number] = {
  time: instant,
  sessionId: id,
  sender: 'chaser-001',
  recipient: 'target-station',
  messageType: 'docking_request',
  priority: 3,
  sequence: 1,
  keyVersion: 1,
  bytes: 256,
  verdict: null,
  observer: 'target-station',
}

const rotation: OutputOf<'session.rotate'> = {
  sessionId: id,
  peers: ['chaser-001', 'target-station'],
  keyVersion: 2,
  trigger: 'operator',
  outcome: 'rotated',
  time: instant,
  detail: '',
}

const record: OutputOf<'audit.list'>['records'][number] = {
  sequence: 1,
  time: instant,
  type: 'SIGNED_IN',
  severity: 'INFO',
  actor: 'Mara',
  subject: 'console',
  detail: { tries: 1 },
  previousHash: '00'.repeat(32),
  hash,
}

/** An input of every operation that its schema takes. */
export const validInputs: { readonly [Name in OperationName]: InputOf<Name> } = {
  'console.status': {},
  'console.settings': {},
  'token.create': { label: 'ops', operator: 'Mara', pin: '246810', soPin: '13579135' },
  'token.changePin': { pin: '246810', newPin: '135791' },
  'token.unblock': { soPin: '13579135', newPin: '246810' },
  'access.signIn': { pin: '246810' },
  'access.signOut': {},
  'access.lock': {},
  'access.touch': {},
  'authority.create': { algorithm: 'ECDSA-P384', commonName: 'Root', organization: 'Fleet', validYears: 10 },
  'authority.read': {},
  'enrolment.list': {},
  'enrolment.approve': { id },
  'enrolment.refuse': { id, reason: 'not expected today' },
  'fleet.list': {},
  'fleet.declareCompromised': {
    agentId: 'chaser-001',
    confirmation: 'chaser-001',
    reason: 'key was seen elsewhere',
  },
  'session.list': {},
  'session.traffic': {},
  'session.rotate': { sessionId: id },
  'session.rotateAll': {},
  'rotation.schedule': {},
  'audit.list': { limit: 10, filter: {} },
  'audit.verify': {},
}

/** An answer of every operation that its schema takes. */
export const sampleOutputs: { readonly [Name in OperationName]: OutputOf<Name> } = {
  'console.status': status,
  'console.settings': {
    dataFolder: '/data',
    configurationFile: '/data/config.json',
    configuration: [
      { key: 'gateway_port', value: '7443', isDefault: true, allowed: '0 to 65535', meaning: 'port' },
    ],
    runtime: { node: '24', crypto: 'OpenSSL', sqlite: '3', platform: 'linux' },
    pkcs11: { available: false, explanation: 'not built' },
    selfTest: {
      ranAt: '2026-11-21T14:59:07.123Z',
      passed: true,
      algorithms: [{ algorithm: 'AES-256-GCM', provider: 'node', passed: true }],
    },
    conformance: {
      ranAt: '2026-11-21T14:59:07.123Z',
      node: '24',
      library: 'OpenSSL',
      total: {
        files: 1,
        malformed: 0,
        cases: 3,
        passed: 1,
        acceptable: 1,
        acceptableRefused: 1,
        failed: 0,
        skipped: 1,
      },
      files: [
        {
          file: 'aes_gcm_test.json',
          algorithm: 'AES-GCM',
          cases: 3,
          passed: 1,
          acceptable: 1,
          failed: 0,
          skipped: 1,
          note: 'the engine refuses keys of 128 bits: 256 only',
        },
      ],
    },
  },
  'token.create': status,
  'token.changePin': {},
  'token.unblock': status,
  'access.signIn': status,
  'access.signOut': status,
  'access.lock': status,
  'access.touch': {},
  'authority.create': authority,
  'authority.read': authority,
  'enrolment.list': [request],
  'enrolment.approve': agent,
  'enrolment.refuse': request,
  'fleet.list': [agent],
  'fleet.declareCompromised': agent,
  'session.list': [session],
  'session.traffic': [traffic],
  'session.rotate': rotation,
  'session.rotateAll': [rotation],
  'rotation.schedule': { intervalSeconds: 300, upcoming: [], history: [rotation] },
  'audit.list': { records: [record], total: 1 },
  'audit.verify': { intact: true, records: 1, verifiedAt: instant, firstBad: null, problem: null },
}

/** A payload of every event that its schema takes. */
export const sampleEvents: { readonly [Name in EventName]: EventOf<Name> } = {
  'console.status': status,
  'enrolment.changed': request,
  'fleet.changed': agent,
  'session.changed': session,
  'session.traffic': traffic,
  'rotation.happened': rotation,
  'audit.appended': record,
}
