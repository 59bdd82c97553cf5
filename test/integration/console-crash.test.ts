import { expect, test } from 'vitest'
import type { AuditRecord } from '#shared/model/audit.ts'
import type { FleetAgent } from '#shared/model/fleet.ts'
import type { GroundlockProcess } from '../../scripts/demo/processes.ts'
import { LiveFleet, sessionWith } from '../support/live-fleet.ts'

/** Whole audit records that a console printed, which it does only after they are on the disk. */
const printedRecords = (console: GroundlockProcess): AuditRecord[] =>
  console.lines.filter(({ event }) => event === 'audit.appended').map(({ payload }) => payload as AuditRecord)

/** What has to survive of an agent. */
const trustOf = ({ agentId, certificate, compromisedAt }: FleetAgent): unknown[] => [
  agentId,
  certificate?.serial ?? null,
  compromisedAt,
]

test('a console that is killed at any moment of its work loses nothing that it acknowledged', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001', 'target-station', 'observer-001'])
  const target = await fleet.joined('target-station')
  const chaser = await fleet.joined('chaser-001', 'target-station')
  await fleet.call('fleet.declareCompromised', {
    agentId: 'observer-001',
    confirmation: 'observer-001',
    reason: 'key suspected',
  })
  let trusted = (await fleet.call('fleet.list', {})).map(trustOf)

  for (let round = 1; round <= 4; round++) {
    const console = fleet.console!
    const from = { chaser: chaser.lines.length, target: target.lines.length, console: console.lines.length }
    // Enrol, rotate and send at once; whatever the console did not acknowledge may be lost, nothing else.
    const name = `tug-00${round}`
    const enrolment = await fleet.beginEnrolment(name)
    const approved = enrolment
      .line('request', ({ event }) => event === 'requested')
      .then(({ requestId }) => fleet.call('enrolment.approve', { id: String(requestId) }))
      .catch(() => null)
    const rotated = fleet.call('session.rotateAll', {}).catch(() => null)
    const sent = Promise.all(
      [1, 2, 3].map((number) => fleet.send('chaser-001', 'target-station', 'telemetry', { number })),
    )

    // The moment is a random number of lines of the console's output away.
    const moment = 1 + Math.floor(Math.random() * 12)
    await console.line(`line ${moment}`, () => console.lines.length >= from.console + moment, {
      from: from.console,
    })
    await console.stop('SIGKILL')
    await enrolment.stop('SIGKILL')

    const [agent] = await Promise.all([approved, rotated])
    if (agent !== null) trusted.push(trustOf(agent))
    // Messages between agents wait for the gateway and arrive: their end-to-end session outlives the console.
    expect(await fleet.verifyAudit(), `round ${round}, killed ${moment} lines in`).toMatchObject({
      intact: true,
    })
    const known = printedRecords(console).at(-1)
    await fleet.startConsole(false)

    const { records, total } = await fleet.call('audit.list', { limit: 500, filter: {} })
    if (known !== undefined)
      expect(records.find(({ sequence }) => sequence === known.sequence)?.hash).toBe(known.hash)
    expect(total).toBe(records[0]?.sequence)
    const listed = await fleet.call('fleet.list', {})
    const now = listed.map(trustOf)
    expect(now).toEqual(expect.arrayContaining(trusted))
    // An enrolment that was not acknowledged is there as a whole or not at all.
    for (const { agentId, certificate } of listed)
      if (agentId.startsWith('tug-')) expect(certificate).not.toBe(null)
    trusted = now

    await Promise.all([
      sessionWith(chaser, 'ground-station', from.chaser),
      sessionWith(target, 'ground-station', from.target),
    ])
    for (const { code, errors } of await sent) expect(code, errors).toBe(0)
    expect((await fleet.call('audit.verify', {})).intact).toBe(true)
  }

  expect(trusted.find(([agentId]) => agentId === 'observer-001')?.[2]).not.toBe(null)
  // No sequence number came twice: not within the end-to-end session, not over the console's restarts.
  const sequences = target.lines
    .filter(({ event }) => event === 'message')
    .map(({ sequence }) => Number(sequence))
  expect(sequences.length).toBeGreaterThanOrEqual(12)
  expect(new Set(sequences).size).toBe(sequences.length)
  for (const agent of [chaser, target])
    expect(agent.lines.filter(({ event }) => event === 'refused')).toEqual([])
}, 120_000)
