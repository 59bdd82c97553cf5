import { describe, expect, it } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import { SessionBoard } from '#core/session/session-board.ts'
import type { Database } from '#core/store/database.ts'
import type { SessionView } from '#shared/model/session.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { idOf, sessionView } from '../../support/session-view.ts'

function makeBoard(database: Database = openConsoleDatabase()) {
  const clock = new FakeClock()
  const audit = new AuditLog({ database, clock })
  const board = new SessionBoard({
    database,
    audit,
    clock,
    consoleAgent: 'ground-station',
    isEnrolled: (agentId) => agentId !== 'stranger',
  })
  const changed: SessionView[] = []
  board.onChanged((view) => changed.push(view))
  const records = (): string[] =>
    audit
      .list({ limit: 500, filter: {} })
      .records.toReversed()
      .map(({ type, detail }) => `${type} ${Number(`0x${String(detail['sessionId'])}`)}`)
  const open = (): number[] => board.openSessions().map(({ sessionId }) => Number(`0x${sessionId}`))
  return { database, clock, audit, board, changed, records, open }
}

describe('the board of sessions', () => {
  it('takes a session from either of its sides, once, and audits it', () => {
    const { board, records, open } = makeBoard()
    board.update('target-station', sessionView())
    board.update('chaser-001', sessionView({ nextRotationAt: '2026-11-21T00:05:00.000Z' }))
    expect(open()).toEqual([1])
    expect(records()).toEqual(['SESSION_ESTABLISHED 1'])
    expect(board.find(idOf(1))?.nextRotationAt).toBe('2026-11-21T00:05:00.000Z')
  })

  it('takes nobody’s word about the session of others, nor another pair for a known one', () => {
    const { board, open } = makeBoard()
    board.update('observer-001', sessionView())
    board.update('chaser-001', sessionView({ responder: 'chaser-001' }))
    expect(open()).toEqual([])
    board.update('chaser-001', sessionView())
    board.update('observer-001', sessionView({ state: 'closed', closeReason: 'forged' }))
    board.update('observer-001', sessionView({ initiator: 'observer-001', keyVersion: 9 }))
    expect(board.find(idOf(1))).toMatchObject({ keyVersion: 1, initiator: 'chaser-001' })
  })

  it('takes no agent’s word about the console’s own sessions, nor about agents that are not enrolled', () => {
    const { board, open } = makeBoard()
    board.update('chaser-001', sessionView({ responder: 'ground-station' }))
    board.update('chaser-001', sessionView({ sessionId: idOf(2), responder: 'stranger' }))
    expect(open()).toEqual([])
    board.update('ground-station', sessionView({ responder: 'ground-station' }))
    board.update('chaser-001', sessionView({ responder: 'ground-station', state: 'closed' }))
    expect(open()).toEqual([1])
  })

  it('shows the sooner of the times at which its sides would rotate', () => {
    const { board } = makeBoard()
    board.update('chaser-001', sessionView({ nextRotationAt: '2026-11-21T00:05:00.000Z' }))
    board.update('target-station', sessionView({ nextRotationAt: '2026-11-21T00:02:00.000Z' }))
    expect(board.find(idOf(1))?.nextRotationAt).toBe('2026-11-21T00:02:00.000Z')
  })

  it('shows what both sides refused, and the newest key version that one of them tells of', () => {
    const { board } = makeBoard()
    board.update('chaser-001', sessionView({ keyVersion: 2, messages: 4, refused: { stale: 1 } }))
    board.update(
      'target-station',
      sessionView({ keyVersion: 1, messages: 9, refused: { stale: 2, duplicate: 1 } }),
    )
    expect(board.find(idOf(1))).toMatchObject({
      keyVersion: 2,
      messages: 4,
      refused: { stale: 3, duplicate: 1 },
    })
  })

  it('closes a session when one side says so, and does not open it again on a late word of the other', () => {
    const { board, records, open } = makeBoard()
    board.update('chaser-001', sessionView())
    board.update(
      'chaser-001',
      sessionView({ state: 'closed', closedAt: '2026-11-21T00:01:00.000Z', closeReason: 'enough' }),
    )
    board.update('target-station', sessionView({ messages: 3 }))
    expect(open()).toEqual([])
    expect(board.list()[0]).toMatchObject({ state: 'closed', closeReason: 'enough', nextRotationAt: null })
    expect(records()).toEqual(['SESSION_ESTABLISHED 1', 'SESSION_CLOSED 1'])
  })

  it('does not open it again after many others were closed, nor after a restart', () => {
    const { board, database } = makeBoard()
    for (let number = 1; number <= 120; number++) {
      const view = sessionView({ sessionId: idOf(number), responder: `station-${number}` })
      board.update('chaser-001', view)
      board.update('chaser-001', { ...view, state: 'closed', closeReason: 'enough' })
    }
    board.update('station-1', sessionView({ sessionId: idOf(1), responder: 'station-1' }))
    expect(board.openSessions()).toEqual([])
    const { board: restarted } = makeBoard(database)
    restarted.update('station-1', sessionView({ sessionId: idOf(1), responder: 'station-1' }))
    expect(restarted.openSessions()).toEqual([])
  })

  it('has one session for two agents: a new one takes the place of the old, whoever began it', () => {
    const { board, open, records } = makeBoard()
    board.update('chaser-001', sessionView())
    board.update(
      'chaser-001',
      sessionView({ sessionId: idOf(2), initiator: 'target-station', responder: 'chaser-001' }),
    )
    expect(open()).toEqual([2])
    expect(records()).toEqual(['SESSION_ESTABLISHED 1', 'SESSION_CLOSED 1', 'SESSION_ESTABLISHED 2'])
  })

  it('closes all sessions of an agent that is no longer trusted, and only those', () => {
    const { board, open } = makeBoard()
    board.update('chaser-001', sessionView())
    board.update('observer-001', sessionView({ sessionId: idOf(2), initiator: 'observer-001' }))
    board.update('chaser-001', sessionView({ sessionId: idOf(3), responder: 'observer-001' }))
    expect(board.count('observer-001')).toBe(2)
    board.closeAllOf('observer-001', 'observer-001 was declared compromised')
    expect(open()).toEqual([1])
    expect(board.count('observer-001')).toBe(0)
    expect(
      board
        .list()
        .filter(({ state }) => state === 'closed')
        .map(({ closeReason }) => closeReason),
    ).toEqual(Array.from({ length: 2 }, () => 'observer-001 was declared compromised'))
  })

  it('knows after a restart which sessions were open, and closes those that the console itself lost', () => {
    const { board, database } = makeBoard()
    board.update('chaser-001', sessionView({ keyVersion: 1 }))
    board.update('chaser-001', sessionView({ keyVersion: 4 }))
    board.update('ground-station', sessionView({ sessionId: idOf(2), responder: 'ground-station' }))
    const { board: restarted, open } = makeBoard(database)
    expect(open()).toEqual([1, 2])
    restarted.closeLost()
    expect(open()).toEqual([1])
    expect(restarted.find(idOf(1))?.keyVersion).toBe(4)
    expect(restarted.list().at(-1)?.closeReason).toBe('the console was restarted')
  })

  it('announces many changes of a session within a moment once, and a closing at once', () => {
    const { board, clock, changed } = makeBoard()
    for (let messages = 0; messages < 50; messages++) board.update('chaser-001', sessionView({ messages }))
    expect(changed).toEqual([])
    clock.advance(1_000)
    expect(changed.map(({ messages }) => messages)).toEqual([49])
    board.update('chaser-001', sessionView({ state: 'closed', closeReason: 'enough' }))
    expect(changed.at(-1)).toMatchObject({ state: 'closed' })
    clock.advance(1_000)
    expect(changed).toHaveLength(2)
  })

  it('changes nothing in memory when the disk refuses to close a session', () => {
    const { board, database, open, records } = makeBoard()
    board.update('chaser-001', sessionView())
    database
      .prepare("CREATE TRIGGER full BEFORE UPDATE ON session_record BEGIN SELECT RAISE(FAIL, 'full'); END")
      .run()
    expect(() => board.update('chaser-001', sessionView({ state: 'closed' }))).toThrow()
    expect(open()).toEqual([1])
    expect(records()).toEqual(['SESSION_ESTABLISHED 1'])
  })
})
