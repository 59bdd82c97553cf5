import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { Report, reportLimit } from '#core/agent/fleet-messages.ts'
import { Reporter } from '#core/agent/reporter.ts'
import { maxMessageBytes } from '#core/session/delivery.ts'
import type { SecureCommunicationProtocol } from '#core/session/protocol.ts'
import { type PairOptions, sessionPair } from '../../support/session-pair.ts'
import { idOf, rotationEntry, sessionView, trafficEntry } from '../../support/session-view.ts'

/** chaser-001 and target-station in session, and a console that collects chaser's reports. */
async function reportingAgent(options: PairOptions = {}) {
  const pair = sessionPair(options)
  const station = pair.agent('ground-station')
  const reports: Report[] = []
  const attach = (protocol: SecureCommunicationProtocol) =>
    protocol.on('message', ({ message }) => reports.push(Report.parse(message)))
  attach(station)
  const reporter = new Reporter({ protocol: pair.chaser, clock: pair.clock, consoleAgent: 'ground-station' })
  const session = await pair.chaser.establishSecureSession('target-station')
  /** Lets time go by in steps, with what is sent in each arriving in it. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let gone = 0; gone < milliseconds; gone += 250) {
      pair.clock.advance(250)
      for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { ...pair, station, attach, reports, reporter, session, pass }
}

describe('an agent’s reports', () => {
  it('tell the console of its sessions with others, not of the one with the console', async () => {
    const { chaser, reports, session, pass } = await reportingAgent()
    await chaser.establishSecureSession('ground-station')
    await pass(500)
    const told = reports.flatMap(({ sessions }) => sessions)
    expect(new Set(told.map(({ sessionId }) => sessionId))).toEqual(new Set([session.sessionId]))
    expect(told[0]).toMatchObject({ initiator: 'chaser-001', responder: 'target-station', state: 'active' })
  })

  it('tell of messages by their envelope, of refusals, and of rotations with others', async () => {
    const { chaser, target, network, reports, session, pass } = await reportingAgent()
    const back = target.sessions()[0]!
    await target.sendSecureMessage(back, { type: 'telemetry', secret: 'x' }, 3)
    const frame = network.recorded.find(({ from, kind }) => from === 'target-station' && kind === 4)!
    network.deliver(frame)
    await chaser.rotate(session, 'operator')
    await pass(1_000)
    const traffic = reports.flatMap((report) => report.traffic)
    expect(traffic.map(({ messageType, verdict }) => [messageType, verdict])).toEqual(
      expect.arrayContaining([
        ['telemetry', null],
        [expect.any(String), 'duplicate'],
      ]),
    )
    expect(JSON.stringify(reports)).not.toContain('secret')
    expect(reports.flatMap(({ rotations }) => rotations)).toMatchObject([
      { trigger: 'operator', keyVersion: 2 },
    ])
  })

  it('never report reports', async () => {
    const { reports, pass } = await reportingAgent()
    await pass(2_000)
    const before = reports.length
    expect(before).toBeGreaterThan(0)
    await pass(5_000)
    expect(reports).toHaveLength(before)
  })

  it('wait for a console that is away, come once it is back, and count as one however often they were sent', async () => {
    const { target, network, station, attach, agent, reports, pass } = await reportingAgent()
    await pass(500)
    station.stop()
    network.wire = (frame, deliver) => {
      if (frame.to !== 'ground-station' && frame.from !== 'ground-station') deliver(frame)
    }
    const back = target.sessions()[0]!
    for (let number = 0; number < 5; number++)
      await target.sendSecureMessage(back, { type: 'telemetry', number }, 3)
    await pass(40_000)
    const before = reports.length
    network.wire = (frame, deliver) => deliver(frame)
    attach(agent('ground-station'))
    await pass(40_000)
    const late = reports.slice(before)
    const once = new Map(late.map((report) => [report.reportId, report]))
    expect([...once.values()].flatMap(({ traffic }) => traffic)).toHaveLength(5)
  })

  it('are split where they would be too large for a message', async () => {
    const long = (letter: string): string => letter.repeat(63)
    const full: Report = {
      type: 'groundlock.report',
      reportId: idOf(1),
      sessions: Array.from({ length: reportLimit }, (_, number) =>
        sessionView({
          sessionId: idOf(number),
          initiator: long('a'),
          responder: long('b'),
          closeReason: 'x'.repeat(200),
        }),
      ),
      traffic: Array.from({ length: reportLimit }, () =>
        trafficEntry({
          sender: long('a'),
          recipient: long('b'),
          observer: long('b'),
          messageType: 'a'.repeat(64),
        }),
      ),
      rotations: Array.from({ length: reportLimit }, () => rotationEntry({ peers: [long('a'), long('b')] })),
      dropped: 0,
    }
    // Names as long as they may be: such a report exists, so the reporter has to cope with it.
    expect(encode(full).length).toBeGreaterThan(maxMessageBytes)
    const { chaser, target, reports, pass } = await reportingAgent()
    await pass(500)
    const sent = reports.length
    const send = chaser.sendSecureMessage.bind(chaser)
    let refused = 0
    // Stands for long names: more than ten entries do not fit into a message.
    chaser.sendSecureMessage = (session, message, priority) => {
      const tooLarge = Report.parse(message).traffic.length > 10
      if (tooLarge) refused++
      return send(session, tooLarge ? { type: 'x'.repeat(70) } : message, priority)
    }
    for (let number = 0; number < 40; number++)
      expect(await target.sendSecureMessage(target.sessions()[0]!, { type: 'telemetry', number })).toBe(true)
    await pass(5_000)
    expect(refused).toBeGreaterThan(0)
    expect(reports.slice(sent).flatMap(({ traffic }) => traffic)).toHaveLength(40)
  })

  it('end with the agent', async () => {
    const { reporter, reports, target, pass } = await reportingAgent()
    await pass(500)
    reporter.stop()
    const before = reports.length
    await target.sendSecureMessage(target.sessions()[0]!, { type: 'telemetry' }, 3)
    await pass(2_000)
    expect(reports).toHaveLength(before)
  })
})
