import { describe, expect, it } from 'vitest'
import { generateIdentity } from '#core/ca/csr.ts'
import { readCrl } from '#core/ca/validation.ts'
import { FleetAgent } from '#shared/model/fleet.ts'
import { actor, TestConsole } from '../../support/fleet-authority.ts'

const day = 24 * 60 * 60 * 1000

async function fleetOf(...names: string[]): Promise<TestConsole> {
  const console = new TestConsole()
  await console.createAuthority()
  await console.authority.issueConsole((await generateIdentity()).spki, console.token, actor)
  for (const name of names) await console.enrol(name)
  return console
}

const failed = (agent: FleetAgent): string[] =>
  agent.checks.filter(({ passed }) => !passed).map(({ check }) => check)

describe('the fleet', () => {
  it('lists the console first, then the agents by name, as the contract shows them', async () => {
    const { fleet } = await fleetOf('target-station', 'chaser-001')
    const agents = fleet.list().map((agent) => FleetAgent.parse(agent))
    expect(agents.map(({ agentId, verdict }) => [agentId, verdict])).toEqual([
      ['ground-station', 'trusted'],
      ['chaser-001', 'trusted'],
      ['target-station', 'trusted'],
    ])
    expect(agents[1]?.checks.map(({ check, passed }) => [check, passed])).toEqual([
      ['chain', true],
      ['validity', true],
      ['revocation', true],
      ['identity', true],
      ['key_usage', true],
    ])
  })

  it('announces an agent that is enrolled, and everybody when a list is issued', async () => {
    const console = await fleetOf()
    const changes: string[] = []
    console.fleet.onChange(({ agentId, verdict }) => changes.push(`${agentId} ${verdict}`))
    await console.enrol('chaser-001')
    expect(changes).toEqual(['chaser-001 trusted'])
    console.clock.advance(8 * day)
    await console.authority.renewCrl(console.token, actor)
    expect(changes).toEqual(['chaser-001 trusted', 'ground-station trusted', 'chaser-001 trusted'])
  })

  it('shows who is connected, and keeps when an agent was seen', async () => {
    const console = await fleetOf('chaser-001')
    const changes: FleetAgent[] = []
    console.fleet.onChange((agent) => changes.push(agent))
    console.clock.advance(1000)
    console.connected.add('chaser-001')
    console.fleet.seen('chaser-001')
    expect(changes).toMatchObject([
      {
        agentId: 'chaser-001',
        connected: true,
        remoteAddress: '127.0.0.1',
        sessions: 1,
        lastSeenAt: '2026-11-21T00:00:01.000Z',
      },
    ])
    expect(console.again().fleet.read('chaser-001').lastSeenAt).toBe('2026-11-21T00:00:01.000Z')
  })

  it('counts refused connections, and nothing under names that are not enrolled', async () => {
    const console = await fleetOf('chaser-001')
    const changes: FleetAgent[] = []
    console.fleet.onChange((agent) => changes.push(agent))
    console.fleet.refused('chaser-001')
    console.fleet.refused('chaser-001')
    console.fleet.refused('nobody')
    console.fleet.seen('nobody')
    expect(console.fleet.read('chaser-001').refusedConnections).toBe(2)
    expect(changes).toHaveLength(2)
    expect(() => console.fleet.read('nobody')).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  it('warns before a certificate ends, and says when it has', async () => {
    const { fleet, clock, authority, token } = await fleetOf('chaser-001')
    clock.advance(340 * day)
    await authority.renewCrl(token, actor)
    const warned = fleet.read('chaser-001')
    expect(warned.verdict).toBe('caution')
    expect(failed(warned)).toEqual([])
    expect(warned.checks[1]?.explanation).toContain('25 days from now')
    clock.advance(26 * day)
    await authority.renewCrl(token, actor)
    const ended = fleet.read('chaser-001')
    expect(ended.verdict).toBe('untrusted')
    expect(failed(ended)).toEqual(['validity'])
    expect(ended.checks[1]?.explanation).toContain('expired at 2027-11-21 00:00Z.')
  })

  it('warns when the revocation list is overdue', async () => {
    const { fleet, clock, authority, token } = await fleetOf('chaser-001')
    clock.advance(8 * day)
    expect(fleet.read('chaser-001')).toMatchObject({ verdict: 'caution' })
    expect(fleet.read('chaser-001').checks[2]?.explanation).toContain('due for renewal at 2026-11-28 00:00Z.')
    await authority.renewCrl(token, actor)
    expect(fleet.read('chaser-001').verdict).toBe('trusted')
  })

  it('shows an agent whose stored certificate was exchanged as untrusted, and why', async () => {
    const console = await fleetOf('chaser-001', 'observer-001')
    console.database
      .prepare(
        "UPDATE certificate SET der = (SELECT der FROM certificate WHERE agent_id = 'observer-001') WHERE agent_id = 'chaser-001'",
      )
      .run()
    const agent = console.fleet.read('chaser-001')
    expect(agent.verdict).toBe('untrusted')
    expect(failed(agent)).toEqual(['identity'])
    expect(agent.checks[3]?.explanation).toContain('names observer-001')
  })

  it('shows an agent without a certificate', async () => {
    const console = await fleetOf()
    console.database
      .prepare(
        "INSERT INTO agent (id, profile, enrolled_at) VALUES ('chaser-009', 'spacecraft', '2026-11-21T00:00:00.000Z')",
      )
      .run()
    const agent = FleetAgent.parse(console.fleet.read('chaser-009'))
    expect(agent).toMatchObject({ verdict: 'untrusted', certificate: null })
    expect(failed(agent)).toHaveLength(5)
  })
})

describe('declaring an agent compromised', () => {
  const declare = (console: TestConsole, confirmation = 'observer-001') =>
    console.fleet.declareCompromised(
      'observer-001',
      confirmation,
      'seen on the black market',
      console.token,
      actor,
    )

  it('ends the trust in it for good: certificate, list, fleet view and audit log', async () => {
    const console = await fleetOf('observer-001', 'chaser-001')
    const changes: FleetAgent[] = []
    const lists: Buffer[] = []
    console.fleet.onChange((agent) => changes.push(agent))
    console.authority.onCrl((crl) => lists.push(crl))
    const agent = FleetAgent.parse(await declare(console))
    expect(agent).toMatchObject({
      verdict: 'compromised',
      compromisedAt: '2026-11-21T00:00:00.000Z',
      compromiseReason: 'seen on the black market',
      certificate: { revocationReason: 'keyCompromise', revokedAt: '2026-11-21T00:00:00.000Z' },
    })
    expect(failed(agent)).toEqual(['revocation'])
    // Everybody is on a new list now, not only the one who is revoked by it.
    expect(changes.map(({ agentId }) => agentId)).toEqual(['ground-station', 'chaser-001', 'observer-001'])
    expect(changes.at(-1)).toEqual(agent)
    const list = readCrl(lists[0] ?? Buffer.alloc(0), console.authority.trustAnchor)
    expect([...list.revoked.keys()]).toEqual([agent.certificate?.serial])
    expect(console.records().slice(-3)).toMatchObject([
      {
        type: 'AGENT_COMPROMISED',
        severity: 'CRITICAL',
        actor,
        subject: 'observer-001',
        detail: { reason: 'seen on the black market' },
      },
      { type: 'CERTIFICATE_REVOKED', subject: 'observer-001' },
      { type: 'CRL_ISSUED' },
    ])
    expect(console.fleet.read('chaser-001').verdict).toBe('trusted')
    expect(console.again().fleet.read('observer-001')).toEqual(agent)
  })

  it('asks for the name, exactly', async () => {
    const console = await fleetOf('observer-001')
    for (const confirmation of ['', 'observer-00', 'Observer-001', 'observer-001 ', 'chaser-001']) {
      await expect(declare(console, confirmation)).rejects.toMatchObject({ code: 'confirmation_mismatch' })
    }
    expect(console.fleet.read('observer-001').verdict).toBe('trusted')
  })

  it('is refused for the console itself, for nobody, and a second time', async () => {
    const console = await fleetOf('observer-001')
    const self = console.fleet.declareCompromised(
      'ground-station',
      'ground-station',
      'why not',
      console.token,
      actor,
    )
    await expect(self).rejects.toMatchObject({ code: 'conflict' })
    const nobody = console.fleet.declareCompromised('nobody', 'nobody', 'why not', console.token, actor)
    await expect(nobody).rejects.toMatchObject({ code: 'not_found' })
    const twice = await Promise.allSettled([declare(console), declare(console)])
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(declare(console)).rejects.toMatchObject({ code: 'conflict' })
    expect(console.recordTypes().filter((type) => type === 'AGENT_COMPROMISED')).toHaveLength(1)
  })

  it('happens wholly or not at all', async () => {
    const console = await fleetOf('observer-001')
    const before = {
      records: console.records(),
      crl: console.authority.crl,
      agent: console.fleet.read('observer-001'),
    }
    console.token.signError = new Error('pulled out')
    await expect(declare(console)).rejects.toThrow('pulled out')
    console.token.signError = null
    console.database
      .prepare("CREATE TRIGGER full BEFORE UPDATE ON authority BEGIN SELECT RAISE(ABORT, 'full'); END")
      .run()
    await expect(declare(console)).rejects.toThrow()
    expect({
      records: console.records(),
      crl: console.authority.crl,
      agent: console.fleet.read('observer-001'),
    }).toEqual(before)
    console.database.prepare('DROP TRIGGER full').run()
    expect((await declare(console)).verdict).toBe('compromised')
  })
})
