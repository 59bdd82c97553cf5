import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Reply } from '#shared/errors.ts'
import { useAlarms } from '../../../renderer/stores/alarms.ts'
import { matches, useAuditLog } from '../../../renderer/stores/audit-log.ts'
import { useConsole } from '../../../renderer/stores/console.ts'
import { useFleet } from '../../../renderer/stores/fleet.ts'
import { useLive } from '../../../renderer/stores/live.ts'
import { useRotation } from '../../../renderer/stores/rotation.ts'
import { useSessions } from '../../../renderer/stores/sessions.ts'
import { fakeAgent, fakeRecord, fakeSchedule, fakeSessions } from '../../support/fake-fleet.ts'
import { FakeTransport, ok, refusal } from '../../support/fake-transport.ts'
import { fakeConnection, withEngine } from './mounting.ts'

const now = Date.parse('2026-11-21T14:59:07.000Z')
let transport: FakeTransport
let connection: ReturnType<typeof fakeConnection>

const asked = (name: string): number => transport.calls.filter((call) => call.name === name).length

beforeEach(() => {
  transport = new FakeTransport(now)
  connection = fakeConnection()
  withEngine(transport, connection)
})

async function start(): Promise<void> {
  useLive().start()
  useConsole().start()
  await flushPromises()
}

describe('the lists', () => {
  it('are asked for once after sign-in, kept by events, and emptied by a lock', async () => {
    await start()
    const fleet = useFleet()
    expect(asked('fleet.list')).toBe(1)
    transport.announce('fleet.changed', fakeAgent('servicer-9', 3, now))
    expect(fleet.items.map((agent) => agent.agentId)).toContain('servicer-9')
    transport.become({ phase: 'locked' })
    await flushPromises()
    expect(fleet.items).toEqual([])
    expect(asked('fleet.list')).toBe(1)
  })

  it('are asked for again when the connection comes back', async () => {
    await start()
    connection.become('lost')
    await flushPromises()
    expect(useFleet().items.length).toBeGreaterThan(0)
    connection.become('open')
    await flushPromises()
    expect(asked('fleet.list')).toBe(2)
  })

  it('are not asked for while nobody is signed in', async () => {
    transport.status = { ...transport.status, phase: 'signed_out' }
    await start()
    expect(transport.calls.map((call) => call.name)).toEqual(['console.status'])
  })
})

describe('the fleet', () => {
  it('comes worst first and counts the console apart', async () => {
    const fleet = useFleet()
    await fleet.load()
    expect(fleet.items[0]?.verdict).toBe('compromised')
    expect(fleet.remote.map((agent) => agent.agentId)).not.toContain('ground-station')
    expect(fleet.connected).toBe(2)
  })

  it('keeps an agent as it is when declaring it compromised was refused', async () => {
    const fleet = useFleet()
    await fleet.load()
    transport.answers['fleet.declareCompromised'] = () =>
      refusal('confirmation_mismatch', 'The name does not match.')
    const failure = await fleet.declareCompromised({
      agentId: 'chaser-001',
      confirmation: 'x',
      reason: 'because',
    })
    expect(failure?.code).toBe('confirmation_mismatch')
    expect(fleet.items.find((agent) => agent.agentId === 'chaser-001')?.verdict).toBe('trusted')
  })
})

describe('the sessions', () => {
  it('say which one is rotating, until it is answered', async () => {
    const sessions = useSessions()
    await sessions.load()
    const id = sessions.open[0]!.sessionId
    const rotating = sessions.rotate(id)
    expect(sessions.rotating.has(id)).toBe(true)
    await rotating
    expect(sessions.rotating.has(id)).toBe(false)
  })

  it('put closed ones last and out of the open ones', async () => {
    const sessions = useSessions()
    await sessions.load()
    expect(sessions.items.at(-1)?.state).toBe('closed')
    expect(sessions.open).toHaveLength(sessions.items.length - 1)
  })
})

describe('the rotation schedule', () => {
  it('puts a rotation at the top of the history at once', async () => {
    const rotation = useRotation()
    await rotation.load()
    const entry = { ...fakeSchedule(now).history[0]!, keyVersion: 99 }
    transport.answers['rotation.schedule'] = () => new Promise(() => undefined)
    transport.announce('rotation.happened', entry)
    expect(rotation.history[0]).toEqual(entry)
  })

  it('asks once more, not once for each event, when a burst moves due times', async () => {
    const rotation = useRotation()
    await rotation.load()
    const before = asked('rotation.schedule')
    for (const session of fakeSessions(now).slice(0, 3)) {
      transport.announce('session.changed', { ...session, keyVersion: session.keyVersion + 1 })
    }
    await flushPromises()
    expect(asked('rotation.schedule') - before).toBe(2)
  })

  it('does not ask again when only a message counter moved', async () => {
    const rotation = useRotation()
    await rotation.load()
    const before = asked('rotation.schedule')
    transport.announce('session.changed', { ...fakeSessions(now)[0]!, messages: 5000 })
    expect(asked('rotation.schedule')).toBe(before)
  })
})

describe('the audit log', () => {
  const refused = fakeRecord(1261, now)

  it('judges a filter as the engine does', () => {
    expect(refused.type).toBe('MESSAGE_REFUSED')
    expect(matches(refused, {})).toBe(true)
    expect(matches(refused, { minimumSeverity: 'MEDIUM' })).toBe(true)
    expect(matches(refused, { minimumSeverity: 'HIGH' })).toBe(false)
    expect(matches(refused, { types: ['SIGNED_IN'] })).toBe(false)
    expect(matches(refused, { text: 'STAle' })).toBe(true)
    expect(matches(refused, { text: 'absent' })).toBe(false)
  })

  it('takes only appended records that pass the filter', async () => {
    const log = useAuditLog()
    await log.apply({ minimumSeverity: 'CRITICAL' })
    const before = log.records.length
    transport.announce('audit.appended', refused)
    expect(log.records).toHaveLength(before)
    transport.announce('audit.appended', { ...refused, severity: 'CRITICAL' })
    expect(log.records[0]?.sequence).toBe(refused.sequence)
  })

  it('puts what a verification found on screen, also when no status is announced', async () => {
    await start()
    const found = {
      intact: false,
      records: 1250,
      verifiedAt: new Date(now).toISOString(),
      firstBad: 7,
      problem: 'Edited.',
    }
    transport.answers['audit.verify'] = () => ok(found)
    await useAuditLog().verify()
    expect(useConsole().status?.audit).toEqual(found)
    expect(useAlarms().active[0]?.title).toBe('Audit log was altered at record 7')
  })

  it('reads older pages without a gap or a double', async () => {
    const log = useAuditLog()
    await log.load()
    await log.loadOlder()
    expect(log.records.map((record) => record.sequence)).toEqual(
      Array.from({ length: 400 }, (_, index) => 1250 - index),
    )
    expect(log.complete).toBe(false)
  })
})

describe('alarms', () => {
  it('count the same condition instead of raising it twice', () => {
    const alarms = useAlarms()
    const refusedConnection = {
      ...fakeRecord(3, now),
      type: 'CONNECTION_REFUSED' as const,
      severity: 'HIGH' as const,
      subject: 'observer-001',
    }
    transport.announce('audit.appended', refusedConnection)
    transport.announce('audit.appended', { ...refusedConnection, sequence: 4 })
    expect(alarms.active.map(({ title, count }) => ({ title, count }))).toEqual([
      { title: 'Connection refused: observer-001', count: 2 },
    ])
    alarms.acknowledge(alarms.active[0]!.id)
    expect(alarms.active).toEqual([])
    transport.announce('audit.appended', { ...refusedConnection, sequence: 5 })
    expect(alarms.active[0]?.count).toBe(1)
  })

  it('keep refusals of different kinds apart, and say whose message was refused', () => {
    const alarms = useAlarms()
    const refused = {
      ...fakeRecord(3, now),
      type: 'MESSAGE_REFUSED' as const,
      severity: 'HIGH' as const,
      actor: 'target-station',
      subject: 'chaser-001',
      detail: { verdict: 'bad_tag' },
    }
    transport.announce('audit.appended', refused)
    transport.announce('audit.appended', {
      ...refused,
      sequence: 4,
      severity: 'MEDIUM',
      detail: { verdict: 'stale' },
    })
    expect(alarms.active.map(({ kind, title, detail }) => [kind, title, detail])).toEqual([
      ['serious', 'Message refused: chaser-001 → target-station', 'Altered'],
      ['caution', 'Message refused: chaser-001 → target-station', 'Stale'],
    ])
  })

  it("leave out the operator's own acts", () => {
    const alarms = useAlarms()
    transport.announce('audit.appended', {
      ...fakeRecord(4, now),
      type: 'AGENT_COMPROMISED',
      severity: 'CRITICAL',
    })
    expect(alarms.active).toEqual([])
  })

  it('stay silent once acknowledged, until the condition ended and came back', async () => {
    await start()
    const alarms = useAlarms()
    const failed = { ...transport.status.gateway, state: 'failed' as const, problem: 'Port 7443 is in use.' }
    const isRaised = (): boolean => alarms.active.some((alarm) => alarm.id === 'gateway-failed')
    transport.become({ gateway: failed })
    expect(isRaised()).toBe(true)
    alarms.acknowledge('gateway-failed')
    alarms.forgetEnded()
    expect(isRaised()).toBe(false)
    transport.become({ gateway: { ...failed, state: 'listening', problem: null } })
    alarms.forgetEnded()
    transport.become({ gateway: failed })
    expect(isRaised()).toBe(true)
  })
})

describe('the console', () => {
  it('keeps the status it has when an act is refused', async () => {
    await start()
    const engineConsole = useConsole()
    transport.answers['access.lock'] = () => refusal('internal', 'Not now.')
    const failure = await engineConsole.lock()
    expect(failure?.message).toBe('Not now.')
    expect(engineConsole.status?.phase).toBe('signed_in')
    expect(engineConsole.failure).toBeNull()
  })

  it('says why when the engine never answered with a status', async () => {
    const broken: Reply<never> = refusal(
      'database_newer',
      'The data is of a newer version. Update Groundlock.',
    )
    transport.answers['console.status'] = () => broken
    await start()
    expect(useConsole().failure?.code).toBe('database_newer')
    transport.answers['console.status'] = () => ok(transport.status)
    await useConsole().load()
    expect(useConsole().failure).toBeNull()
  })
})
