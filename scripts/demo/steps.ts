import assert from 'node:assert/strict'
import type { AuditRecord } from '../../shared/model/audit.ts'
import type { DemoFleet } from './fleet.ts'
import { groundlock, GroundlockProcess } from './processes.ts'
import {
  agents,
  badRequestCodes,
  dockingApproval,
  dockingRequest,
  drills,
  submitBadRequests,
} from './scenario.ts'

export interface Step {
  readonly name: string
  /** Does it and checks it; what it answers is shown. */
  run(fleet: DemoFleet): Promise<string>
}

/** The main job, step by step. */
export const steps: readonly Step[] = [
  {
    name: 'create the token',
    async run(fleet) {
      await fleet.startConsole(true)
      const { token, phase } = await fleet.call('console.status', {})
      assert.equal(phase, 'signed_in')
      assert.equal(token?.protection, 'software')
      return `${token.label}, ${token.protection} protection`
    },
  },
  {
    name: 'sign in with the PIN, lock, sign out',
    async run(fleet) {
      await fleet.call('access.lock', {})
      const wrong = await fleet.ask('access.signIn', { pin: '000000' })
      assert.equal(wrong.ok ? 'accepted' : wrong.code, 'pin_incorrect')
      const { token } = await fleet.call('console.status', {})
      assert.equal(token?.triesLeft, 9)
      await fleet.call('access.signIn', { pin: fleet.pin })
      await fleet.call('access.signOut', {})
      const refused = await fleet.ask('fleet.list', {})
      assert.equal(refused.ok ? 'accepted' : refused.code, 'not_signed_in')
      await fleet.call('access.signIn', { pin: fleet.pin })
      return `a wrong PIN left ${token.triesLeft} tries; nothing is shown while signed out`
    },
  },
  {
    name: 'create the root CA on the token',
    async run(fleet) {
      const { certificate, key } = await fleet.call('authority.create', {
        algorithm: 'ECDSA-P384',
        commonName: 'Demo Fleet Root CA',
        organization: 'Demo Fleet',
        validYears: 10,
      })
      assert.equal(key.exportable, false)
      assert.equal(certificate.issuer, certificate.subject)
      return `${certificate.subject}, ${certificate.keyAlgorithm}, fingerprint ${certificate.fingerprint.slice(0, 16)}…`
    },
  },
  { name: 'enrol three agents by their own keys', run: enrolAgents },
  { name: 'refuse bad requests, each for its reason', run: refuseRequests },
  {
    name: 'connect by certificate and establish sessions',
    async run(fleet) {
      fleet.runAgent('chaser-001', '--peer', 'target-station')
      fleet.runAgent('target-station', '--docking-port', 'port-alpha')
      fleet.runAgent('observer-001', '--peer', 'chaser-001')
      await Promise.all([
        ...agents.map(([name]) =>
          fleet
            .agent(name)
            .line(
              'session with the console',
              ({ event, peer }) => event === 'session' && peer === 'ground-station',
            ),
        ),
        fleet
          .agent('target-station')
          .line('session with chaser-001', ({ event, peer }) => event === 'session' && peer === 'chaser-001'),
        fleet
          .agent('observer-001')
          .line('session with chaser-001', ({ event, peer }) => event === 'session' && peer === 'chaser-001'),
      ])
      const sessions = await until(fleet, 'five sessions on the board', async () => {
        const open = (await fleet.call('session.list', {})).filter(({ state }) => state !== 'closed')
        return open.length === 5 ? open : null
      })
      for (const session of sessions) {
        assert.equal(session.level, 'high')
        assert.equal(session.perfectForwardSecrecy, true)
      }
      return `${sessions.length} sessions, ${sessions[0]?.suite ?? ''}`
    },
  },
  {
    name: 'docking request and response, end to end encrypted',
    async run(fleet) {
      await dock(fleet)
      const entry = await audited(
        fleet,
        'the accepted docking request',
        ({ type, detail }) => type === 'MESSAGE_ACCEPTED' && detail['messageType'] === 'docking_request',
      )
      assert.equal(entry.detail['priority'], 3)
      return 'approved for port-alpha'
    },
  },
  { name: 'rotate session keys on the timer and at once', run: rotate },
  { name: 'refuse a replayed, an altered and a late message', run: drill },
  { name: 'declare observer-001 compromised', run: compromise },
  { name: 'survive kill -9 of the console', run: crash },
  {
    name: 'verify the audit log',
    async run(fleet) {
      const { code, lines } = await groundlock(['audit', 'verify', '--data-dir', fleet.consoleFolder])
      assert.equal(code, 0)
      assert.equal(lines[0]?.['intact'], true)
      return `${String(lines[0]['records'])} records, chain intact from the first`
    },
  },
]

/** Has chaser-001 ask for a docking, and checks that target-station approves it. */
async function dock(fleet: DemoFleet): Promise<void> {
  const options = ['--priority', '3', '--reply', 'docking_response']
  const { code, answer, errors } = await fleet.send(
    'chaser-001',
    'target-station',
    'docking_request',
    dockingRequest,
    ...options,
  )
  assert.equal(code, 0, errors)
  assert.deepEqual(answer['reply'], dockingApproval)
}

async function enrolAgents(fleet: DemoFleet): Promise<string> {
  const authority = await fleet.call('authority.read', {})
  const { gateway } = await fleet.call('console.status', {})
  const enrolments = agents.map(([name, profile]) => {
    const args = [
      'agent',
      'enrol',
      '--name',
      name,
      '--profile',
      profile,
      '--gateway',
      `https://127.0.0.1:${gateway.port}`,
    ]
    return new GroundlockProcess(`enrol ${name}`, [
      ...args,
      '--fingerprint',
      authority?.certificate.fingerprint ?? '',
      '--data-dir',
      fleet.agentFolder(name),
    ])
  })
  const printed = await Promise.all(
    enrolments.map((one) => one.line('request', ({ event }) => event === 'requested')),
  )
  for (const request of await fleet.call('enrolment.list', {})) {
    const own = printed.find(({ agent }) => agent === request.agentId)
    assert.equal(own?.['fingerprint'], request.fingerprint)
    assert.equal((await fleet.call('enrolment.approve', { id: request.id })).verdict, 'trusted')
  }
  assert.deepEqual(await Promise.all(enrolments.map((one) => one.exited)), [0, 0, 0])
  return agents.map(([name]) => name).join(', ')
}

async function refuseRequests(fleet: DemoFleet): Promise<string> {
  const { gateway } = await fleet.call('console.status', {})
  const root = (await fleet.call('authority.read', {}))?.certificate.pem ?? ''
  const codes = (await submitBadRequests(gateway.port, root)).map(({ code }) => code)
  assert.deepEqual(codes, badRequestCodes)
  return codes.join(', ')
}

async function rotate(fleet: DemoFleet): Promise<string> {
  const session = (await fleet.call('session.list', {})).find(
    (one) => one.initiator === 'chaser-001' && one.responder === 'target-station',
  )
  assert.ok(session)
  const one = await fleet.call('session.rotate', { sessionId: session.sessionId })
  assert.equal(one.outcome, 'rotated')
  // Messages in flight while every session rotates: none may be lost.
  const [all, ...sent] = await Promise.all([
    fleet.call('session.rotateAll', {}),
    ...Array.from({ length: 4 }, (_, number) =>
      fleet.send('chaser-001', 'target-station', 'telemetry', { number }),
    ),
  ])
  assert.deepEqual(
    sent.map(({ code }) => code),
    [0, 0, 0, 0],
  )
  assert.ok(all.every(({ outcome }) => outcome === 'rotated'))
  const observer = fleet.agent('observer-001')
  const from = observer.lines.length
  await observer.stop()
  fleet.runAgent('observer-001', '--peer', 'chaser-001', '--rotation-interval', '2')
  const timed = await fleet
    .agent('observer-001')
    .line('rotation on the timer', ({ event, trigger }) => event === 'rotation' && trigger === 'timer')
  assert.ok(from > 0 && timed['outcome'] === 'rotated')
  return `${all.length} sessions at once, then on a timer of 2 s; 4 of 4 messages in flight arrived`
}

async function drill(fleet: DemoFleet): Promise<string> {
  const verdicts: string[] = []
  for (const [kind, verdict] of drills) {
    const { code, errors } = await groundlock([
      'agent',
      'drill',
      kind,
      '--data-dir',
      fleet.agentFolder('chaser-001'),
      '--to',
      'target-station',
    ])
    assert.equal(code, 0, errors)
    await fleet
      .agent('target-station')
      .line(`refusal as ${verdict}`, (line) => line['event'] === 'refused' && line['verdict'] === verdict)
    await audited(
      fleet,
      `the refusal as ${verdict}`,
      ({ type, detail }) => type === 'MESSAGE_REFUSED' && detail['verdict'] === verdict,
    )
    verdicts.push(`${kind}: ${verdict}`)
  }
  return verdicts.join(', ')
}

async function compromise(fleet: DemoFleet): Promise<string> {
  const observer = fleet.agent('observer-001')
  const chaser = fleet.agent('chaser-001')
  const from = chaser.lines.length
  const agent = await fleet.call('fleet.declareCompromised', {
    agentId: 'observer-001',
    confirmation: 'observer-001',
    reason: 'demo: key suspected',
  })
  assert.equal(agent.verdict, 'compromised')
  const started = performance.now()
  await Promise.all([
    observer.line('end of its sessions', ({ event, peer }) => event === 'closed' && peer === 'chaser-001'),
    chaser.line(
      'end of the session with observer-001',
      ({ event, peer }) => event === 'closed' && peer === 'observer-001',
      { from },
    ),
  ])
  const milliseconds = Math.round(performance.now() - started)
  await observer.stop()
  const refused = await fleet
    .runAgent('observer-001')
    .line('refused connection', ({ event, state }) => event === 'link' && state === 'refused')
  assert.match(String(refused['reason']), /^certificate_revoked/)
  const shown = (await fleet.call('fleet.list', {})).find(({ agentId }) => agentId === 'observer-001')
  assert.equal(shown?.sessions, 0)
  return `revoked; sessions closed on both sides ${milliseconds} ms later; next connection refused`
}

async function crash(fleet: DemoFleet): Promise<string> {
  const before = await fleet.call('fleet.list', {})
  const records = (await fleet.call('audit.list', { limit: 1, filter: {} })).total
  const lastSequence = Math.max(
    ...fleet.agent('target-station').lines.map((line) => Number(line['sequence'] ?? 0)),
  )
  const chaser = fleet.agent('chaser-001')
  const from = chaser.lines.length
  await fleet.console?.stop('SIGKILL')
  await fleet.startConsole(false)
  await chaser.line(
    'new session with the console',
    ({ event, peer }) => event === 'session' && peer === 'ground-station',
    { from, seconds: 60 },
  )
  const after = await fleet.call('fleet.list', {})
  assert.deepEqual(
    after.map(({ agentId, certificate, compromisedAt }) => [agentId, certificate?.serial, compromisedAt]),
    before.map(({ agentId, certificate, compromisedAt }) => [agentId, certificate?.serial, compromisedAt]),
  )
  const verification = await fleet.call('audit.verify', {})
  assert.ok(verification.intact && verification.records >= records)
  // The agents carry on by themselves, with sequence numbers that were never used.
  await dock(fleet)
  const message = fleet.agent('target-station').lines.findLast(({ event }) => event === 'message')
  assert.ok(Number(message?.['sequence']) > lastSequence)
  return `${after.length} agents, ${verification.records} audit records intact; agents reconnected by themselves`
}

/** The first audit record that `matches`, once it is there. */
export function audited(
  fleet: DemoFleet,
  what: string,
  matches: (record: AuditRecord) => boolean,
): Promise<AuditRecord> {
  return until(
    fleet,
    what,
    async () => (await fleet.call('audit.list', { limit: 200, filter: {} })).records.find(matches) ?? null,
  )
}

/** Asks again at each sign of life of the console until `condition` answers. */
async function until<Value>(
  fleet: DemoFleet,
  what: string,
  condition: () => Promise<Value | null>,
): Promise<Value> {
  const running = fleet.console
  if (running === null) throw new Error('the console is not running')
  for (;;) {
    const from = running.lines.length
    const value = await condition()
    if (value !== null) return value
    await running.line(what, () => true, { from })
  }
}
