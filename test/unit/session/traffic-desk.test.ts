import { describe, expect, it } from 'vitest'
import { AuditBursts } from '#core/audit/burst.ts'
import { AuditLog } from '#core/audit/log.ts'
import { TrafficDesk } from '#core/session/traffic-desk.ts'
import { RefusalVerdict } from '#shared/model/session.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { idOf, trafficEntry } from '../../support/session-view.ts'

function makeDesk() {
  const database = openConsoleDatabase()
  const clock = new FakeClock()
  const audit = new AuditLog({ database, clock })
  const bursts = new AuditBursts({ audit, clock, windowMilliseconds: 10_000 })
  const desk = new TrafficDesk({
    database,
    audit,
    bursts,
    sessionKnown: (sessionId) => sessionId === idOf(1),
    isEnrolled: (agentId) => agentId !== 'stranger',
  })
  const records = () => audit.list({ limit: 500, filter: {} }).records.toReversed()
  return { desk, clock, records, database }
}

describe('the desk for traffic', () => {
  it('records an important message by its envelope, never its content', () => {
    const { desk, records } = makeDesk()
    desk.take('target-station', [trafficEntry()])
    expect(records()).toMatchObject([
      {
        type: 'MESSAGE_ACCEPTED',
        severity: 'INFO',
        actor: 'target-station',
        subject: 'chaser-001',
        detail: { messageType: 'docking_request', priority: 3, sequence: 1, keyVersion: 1, bytes: 300 },
      },
    ])
  })

  it('counts routine messages of a report in one record for each sender', () => {
    const { desk, records } = makeDesk()
    desk.take('target-station', [
      ...[1, 2, 3].map((sequence) => trafficEntry({ sequence, priority: 1, bytes: 100 })),
      trafficEntry({ sender: 'observer-001', priority: 2, bytes: 50 }),
      trafficEntry({ sequence: 4, priority: 5 }),
    ])
    expect(
      records().map(({ subject, detail }) => [subject, detail['routineMessages'] ?? detail['priority']]),
    ).toEqual([
      ['chaser-001', 5],
      ['chaser-001', 3],
      ['observer-001', 1],
    ])
  })

  it.each(RefusalVerdict.options)('records a refusal as %s with its verdict', (verdict) => {
    const { desk, records } = makeDesk()
    desk.take('target-station', [trafficEntry({ verdict, priority: 1 })])
    const grave = ['duplicate', 'bad_tag', 'revoked_peer', 'wrong_recipient'].includes(verdict)
    // A restart of either side brings those about; they are recorded and no alarm.
    const ordinary = verdict === 'unknown_session'
    expect(records()).toMatchObject([
      {
        type: 'MESSAGE_REFUSED',
        severity: grave ? 'HIGH' : ordinary ? 'LOW' : 'MEDIUM',
        detail: { verdict },
      },
    ])
  })

  it('records a flood of one refusal twice: when it begins, and with its number when it is over', () => {
    const { desk, clock, records } = makeDesk()
    for (let sequence = 1; sequence <= 1_000; sequence++)
      desk.take('target-station', [trafficEntry({ verdict: 'duplicate', sequence })])
    desk.take('target-station', [trafficEntry({ verdict: 'bad_tag' })])
    clock.advance(10_000)
    expect(records().map(({ detail }) => [detail['verdict'], detail['repeats']])).toEqual([
      ['duplicate', undefined],
      ['bad_tag', undefined],
      ['duplicate', 999],
    ])
  })

  it('takes an agent’s word only for what it received itself', () => {
    const { desk, records } = makeDesk()
    desk.take('observer-001', [
      trafficEntry(),
      trafficEntry({ observer: 'observer-001' }),
      trafficEntry({ recipient: 'observer-001' }),
      trafficEntry({ recipient: 'observer-001', observer: 'observer-001', sender: 'stranger' }),
      trafficEntry({ recipient: 'observer-001', observer: 'observer-001', sessionId: idOf(7) }),
    ])
    expect(desk.list()).toEqual([])
    expect(records()).toEqual([])
  })

  it('shows the newest first, a bounded number of them, and announces each', () => {
    const { desk } = makeDesk()
    const announced: number[] = []
    desk.onEntry(({ sequence }) => announced.push(sequence))
    for (let report = 0; report < 7; report++)
      desk.take(
        'target-station',
        Array.from({ length: 100 }, (_, at) =>
          trafficEntry({ sequence: report * 100 + at + 1, priority: 1 }),
        ),
      )
    expect(desk.list()).toHaveLength(500)
    expect(desk.list()[0]?.sequence).toBe(700)
    expect(announced).toHaveLength(700)
  })

  it('records a report as a whole or not at all', () => {
    const { desk, records, database } = makeDesk()
    database
      .prepare(
        "CREATE TRIGGER full BEFORE INSERT ON audit_record WHEN NEW.sequence > 2 BEGIN SELECT RAISE(FAIL, 'full'); END",
      )
      .run()
    const report = [1, 2, 3].map((sequence) => trafficEntry({ sequence }))
    expect(() => desk.take('target-station', report)).toThrow()
    expect(records()).toEqual([])
    expect(desk.list()).toEqual([])
  })
})
