import { describe, expect, it } from 'vitest'
import type { RotateOrder } from '#core/agent/fleet-messages.ts'
import { AuditLog } from '#core/audit/log.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { RotationDesk } from '#core/rotation/rotation-desk.ts'
import { RotationLedger } from '#core/rotation/rotation-ledger.ts'
import { SessionBoard } from '#core/session/session-board.ts'
import type { SessionView } from '#shared/model/session.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { sessionPair, settle } from '../../support/session-pair.ts'
import { idOf, rotationEntry, sessionView } from '../../support/session-view.ts'

/** A desk whose console has a session with chaser-001, which obeys as the test says; the board knows a session of two agents. */
async function makeDesk(views: readonly SessionView[] = [sessionView()]) {
  const pair = sessionPair()
  const { clock } = pair
  const station = pair.agent('ground-station')
  const database = openConsoleDatabase()
  const audit = new AuditLog({ database, clock })
  const board = new SessionBoard({
    database,
    audit,
    clock,
    consoleAgent: 'ground-station',
    isEnrolled: () => true,
  })
  const ledger = new RotationLedger({ database, audit })
  const connected = new Set(['chaser-001', 'target-station', 'ground-station'])
  let open = true
  const desk = new RotationDesk({
    board,
    ledger,
    clock,
    random: platformRandom,
    consoleAgent: 'ground-station',
    interval: 300,
    isConnected: (agentId) => connected.has(agentId),
    protocol: () => (open ? station : null),
  })
  station.on('message', ({ session, message }) => desk.answered(session.peerAgent, message))
  for (const view of views) board.update(view.initiator, view)
  const orders: RotateOrder[] = []
  pair.chaser.on('message', ({ message }) => orders.push(message as RotateOrder))
  await station.establishSecureSession('chaser-001')
  const answer = (fields: object) =>
    pair.chaser.sendSecureMessage(
      { peerAgent: 'ground-station' },
      { type: 'groundlock.rotated', ...fields },
      5,
    )
  const close = (): void => void (open = false)
  return { ...pair, station, board, ledger, desk, connected, orders, answer, close }
}

describe('a rotation that the operator asks for', () => {
  it('is ordered from the session’s initiator, and its answer is what the operator sees', async () => {
    const { desk, orders, answer, ledger } = await makeDesk()
    const rotation = desk.rotate(idOf(1), 'Ada')
    await settle(() => orders.length === 1)
    expect(orders[0]).toMatchObject({ type: 'groundlock.rotate', sessionId: idOf(1) })
    void answer({
      requestId: orders[0]!.requestId,
      entry: rotationEntry({ trigger: 'operator' }),
      problem: null,
    })
    expect(await rotation).toMatchObject({ outcome: 'rotated', keyVersion: 2, trigger: 'operator' })
    expect(ledger.history()).toHaveLength(1)
  })

  it('has failed when the agent does not answer, says no, or answers about another session', async () => {
    for (const entry of [undefined, null, rotationEntry({ sessionId: idOf(9) })]) {
      const { desk, orders, answer, clock } = await makeDesk()
      const rotation = desk.rotate(idOf(1), 'Ada')
      await settle(() => orders.length === 1)
      const { requestId } = orders[0]!
      if (entry === undefined) {
        await settle(() => true)
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        clock.advance(20_000)
      } else
        await answer({ requestId, entry, problem: entry === null ? 'The session is not open here.' : null })
      expect(await rotation).toMatchObject({ outcome: 'failed', sessionId: idOf(1), keyVersion: 1 })
    }
  })

  it('takes no answer to another’s order, nor a malformed one', async () => {
    const { desk, orders, clock, answer } = await makeDesk()
    const rotation = desk.rotate(idOf(1), 'Ada')
    await settle(() => orders.length === 1)
    const { requestId } = orders[0]!
    const good = { requestId, entry: rotationEntry(), problem: null }
    desk.answered('target-station', { type: 'groundlock.rotated', ...good })
    await answer({ ...good, entry: { ...rotationEntry(), outcome: 'splendid' } })
    await answer({ ...good, requestId: idOf(77) })
    clock.advance(20_000)
    expect(await rotation).toMatchObject({ outcome: 'failed' })
  })

  it('is skipped, and said to be, while a side is out of contact or the gateway is closed', async () => {
    const { desk, connected, close, orders } = await makeDesk()
    connected.delete('target-station')
    expect(await desk.rotate(idOf(1), 'Ada')).toMatchObject({ outcome: 'skipped' })
    connected.add('target-station')
    close()
    expect(await desk.rotate(idOf(1), 'Ada')).toMatchObject({ outcome: 'skipped' })
    expect(orders).toEqual([])
  })

  it('of the console’s own session is made by the console', async () => {
    const { desk, board, station } = await makeDesk([])
    const [own] = station.sessions()
    board.update('ground-station', station.view(own!))
    expect(await desk.rotate(own!.sessionId, 'Ada')).toMatchObject({ outcome: 'rotated', keyVersion: 2 })
    expect(own?.keyVersion).toBe(2)
  })

  it('of a session that is not open is refused', async () => {
    const { desk } = await makeDesk()
    await expect(desk.rotate(idOf(5), 'Ada')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('of all rotates each session once, and is recorded once though the agents tell of it too', async () => {
    const views = Array.from({ length: 20 }, (_, number) =>
      sessionView({ sessionId: idOf(number + 1), responder: `station-${number + 1}` }),
    )
    const { desk, orders, answer, connected, ledger, chaser } = await makeDesk(views)
    for (const { responder } of views) connected.add(responder)
    chaser.on('message', ({ message }) => {
      const { requestId, sessionId } = message as RotateOrder
      const { initiator, responder } = views.find((view) => view.sessionId === sessionId)!
      const entry = rotationEntry({ sessionId, peers: [initiator, responder], trigger: 'operator' })
      desk.told(entry, 'chaser-001')
      void answer({ requestId, entry, problem: null })
    })
    const entries = await desk.rotateAll('Ada')
    expect(entries.map(({ outcome }) => outcome)).toEqual(views.map(() => 'rotated'))
    expect(new Set(orders.map(({ sessionId }) => sessionId)).size).toBe(20)
    for (const entry of entries) desk.told(entry, 'chaser-001')
    expect(ledger.history()).toHaveLength(20)
  })
})

describe('the schedule', () => {
  it('shows what is due, soonest first, and in which state it is', async () => {
    const at = (seconds: number) =>
      new Date(Date.parse('2026-11-21T00:00:00.000Z') + seconds * 1000).toISOString()
    const views = [400, 100, 200, 300].map((seconds, number) =>
      sessionView({
        sessionId: idOf(number + 1),
        responder: `station-${number + 1}`,
        nextRotationAt: at(seconds),
      }),
    )
    const { desk, connected, clock } = await makeDesk([
      ...views,
      sessionView({ sessionId: idOf(9), responder: 'quiet-one' }),
    ])
    for (const name of ['station-1', 'station-2', 'station-3']) connected.add(name)
    clock.advance(205_000)
    expect(desk.schedule().upcoming.map(({ dueAt, state }) => [dueAt, state])).toEqual([
      [at(100), 'overdue'],
      [at(200), 'due'],
      [at(300), 'out_of_contact'],
      [at(400), 'scheduled'],
    ])
    expect(desk.schedule().intervalSeconds).toBe(300)
  })
})
