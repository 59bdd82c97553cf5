import { describe, expect, it } from 'vitest'
import { certificateFacts } from '#core/ca/certificate-facts.ts'
import { createCsr, generateIdentity } from '#core/ca/csr.ts'
import type { EnrolmentLimits } from '#core/ca/enrolment-desk.ts'
import { decodePem } from '#core/crypto/pem.ts'
import { EnrolmentRequest } from '#shared/model/fleet.ts'
import { actor, requestFor, TestConsole } from '../../support/fleet-authority.ts'

async function open(limits: Partial<EnrolmentLimits> = {}): Promise<TestConsole> {
  const console = new TestConsole({ limits })
  await console.createAuthority()
  return console
}

const source = '192.0.2.7'

describe('a request', () => {
  it('waits for the operator, with the fingerprint the agent printed', async () => {
    const console = await open()
    const changes: EnrolmentRequest[] = []
    console.desk.onChange((request) => changes.push(request))
    const { pem, fingerprint } = await requestFor('chaser-001')
    const request = EnrolmentRequest.parse(await console.desk.submit(pem, source))
    expect(request).toMatchObject({
      agentId: 'chaser-001',
      profile: 'spacecraft',
      keyAlgorithm: 'ECDSA-P384',
      fingerprint,
      source,
      receivedAt: '2026-11-21T00:00:00.000Z',
      state: 'pending',
      decidedAt: null,
    })
    expect(changes).toEqual([request])
    expect(console.desk.list()).toEqual([request])
    expect(console.desk.pending).toBe(1)
    expect(console.recordTypes().at(-1)).toBe('ENROLMENT_REQUESTED')
    expect(console.desk.status(request.id)).toEqual({
      state: 'pending',
      reason: null,
      certificate: null,
      chain: [],
    })
    expect(console.again().desk.list()).toEqual([request])
  })

  it('is the same when the agent asks again', async () => {
    const { desk, records } = await open().then((console) => ({
      desk: console.desk,
      records: () => console.records(),
    }))
    const { pem } = await requestFor('chaser-001')
    const first = await desk.submit(pem, source)
    const audited = records().length
    expect(await desk.submit(pem, '198.51.100.1')).toEqual(first)
    expect(desk.pending).toBe(1)
    expect(records()).toHaveLength(audited)
  })

  it('is refused while another key waits under that name', async () => {
    const { desk } = await open()
    await desk.submit((await requestFor('chaser-001')).pem, source)
    const other = desk.submit((await requestFor('chaser-001')).pem, source)
    await expect(other).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is refused for a name that is enrolled, also when that agent is compromised', async () => {
    const { desk, fleet, token, enrol } = await open().then((console) => ({
      desk: console.desk,
      fleet: console.fleet,
      token: console.token,
      enrol: () => console.enrol('chaser-001'),
    }))
    await enrol()
    const again = async () => desk.submit((await requestFor('chaser-001')).pem, source)
    await expect(again()).rejects.toMatchObject({ code: 'already_enrolled' })
    await fleet.declareCompromised('chaser-001', 'chaser-001', 'lost contact', token, actor)
    await expect(again()).rejects.toMatchObject({ code: 'already_enrolled' })
  })

  it('that was approved is answered again to who holds its key, until the agent is compromised', async () => {
    const { desk, fleet, token } = await open()
    const { pem, keyPair } = await requestFor('chaser-001')
    const { id } = await desk.submit(pem, source)
    await desk.approve(id, token, actor)
    expect(await desk.submit(pem, source)).toMatchObject({ id, state: 'approved' })
    const otherProfile = await createCsr({ agentId: 'chaser-001', profile: 'observer', keyPair })
    await expect(desk.submit(otherProfile.pem, source)).rejects.toMatchObject({ code: 'already_enrolled' })
    await fleet.declareCompromised('chaser-001', 'chaser-001', 'lost contact', token, actor)
    await expect(desk.submit(pem, source)).rejects.toMatchObject({ code: 'already_enrolled' })
  })

  it.each(['gateway', 'console', 'groundlock', 'ground-station'])(
    'is refused for the reserved name %s',
    async (name) => {
      const { desk } = await open()
      const attempt = desk.submit((await requestFor(name, 'ground-station')).pem, source)
      await expect(attempt).rejects.toMatchObject({ code: 'name_not_allowed' })
      expect(desk.pending).toBe(0)
    },
  )

  it('is refused when it cannot be read, and audited once for a burst', async () => {
    const console = await open()
    for (let i = 0; i < 50; i++) {
      await expect(console.desk.submit('nonsense', source)).rejects.toMatchObject({ code: 'csr_malformed' })
    }
    const refusals = (): unknown[] => console.records().filter(({ type }) => type === 'ENROLMENT_REFUSED')
    expect(refusals()).toMatchObject([
      { actor: source, subject: 'unknown', detail: { code: 'csr_malformed' } },
    ])
    console.clock.advance(60_000)
    expect(refusals()).toHaveLength(2)
  })

  it('is refused when too many wait; a decision makes room', async () => {
    const { desk, token } = await open({ maximumPending: 2 })
    const first = await desk.submit((await requestFor('chaser-001')).pem, source)
    await desk.submit((await requestFor('chaser-002')).pem, source)
    const third = (await requestFor('chaser-003')).pem
    await expect(desk.submit(third, source)).rejects.toMatchObject({ code: 'rate_limited' })
    await desk.approve(first.id, token, actor)
    expect(await desk.submit(third, source)).toMatchObject({ agentId: 'chaser-003' })
  })

  it('is refused while there is no authority', async () => {
    const { desk } = new TestConsole()
    const attempt = desk.submit((await requestFor('chaser-001')).pem, source)
    await expect(attempt).rejects.toMatchObject({ code: 'authority_missing' })
  })
})

describe('approving', () => {
  it('gives the agent its certificate and chain, and enrols it, in one act', async () => {
    const console = await open()
    const { pem, keyPair } = await requestFor('chaser-001')
    const { id } = await console.desk.submit(pem, source)
    await console.desk.approve(id, console.token, actor)
    const status = console.desk.status(id)
    expect(status).toMatchObject({ state: 'approved', chain: [console.authority.trustAnchorPem] })
    const facts = certificateFacts(decodePem('CERTIFICATE', status.certificate ?? '') ?? Buffer.alloc(0))
    expect(facts.spki).toEqual(keyPair.spki)
    expect(console.desk.read(id)).toMatchObject({ decidedBy: actor, reason: null })
    expect(console.fleet.read('chaser-001')).toMatchObject({
      verdict: 'trusted',
      certificate: { serial: facts.serial },
    })
    expect(console.recordTypes().slice(-2)).toEqual(['ENROLMENT_APPROVED', 'CERTIFICATE_ISSUED'])
  })

  it('leaves the request pending when the token fails', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    console.token.signError = new Error('pulled out')
    await expect(console.desk.approve(id, console.token, actor)).rejects.toThrow('pulled out')
    expect(console.desk.read(id).state).toBe('pending')
    console.token.signError = null
    await console.desk.approve(id, console.token, actor)
    expect(console.desk.read(id).state).toBe('approved')
  })

  it('decides once, whoever is first', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const outcomes = await Promise.allSettled([
      console.desk.approve(id, console.token, actor),
      console.desk.approve(id, console.token, actor),
    ])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'conflict' },
    })
    expect(console.authority.view(console.token.info())?.issued).toBe(1)
    expect(() => console.desk.refuse(id, 'too late', actor)).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    )
  })

  it('yields to a refusal that comes while the token signs', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const approval = console.desk.approve(id, console.token, actor)
    console.desk.refuse(id, 'wrong fingerprint', actor)
    await expect(approval).rejects.toMatchObject({ code: 'conflict' })
    expect(console.fleet.has('chaser-001')).toBe(false)
    expect(console.desk.status(id)).toMatchObject({ state: 'refused', certificate: null })
  })

  it('refuses a stored request whose row says something else than the agent signed', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const foreign = await generateIdentity()
    const { der } = await createCsr({ agentId: 'observer-666', profile: 'observer', keyPair: foreign })
    console.database.prepare<[Buffer]>('UPDATE enrolment_request SET csr = ?').run(der)
    await expect(console.desk.approve(id, console.token, actor)).rejects.toMatchObject({
      code: 'database_damaged',
    })
    expect(console.fleet.list()).toEqual([])
  })

  it('knows no request that nobody made', async () => {
    const console = await open()
    const unknown = '0'.repeat(32)
    await expect(console.desk.approve(unknown, console.token, actor)).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(() => console.desk.refuse(unknown, 'reason', actor)).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    )
    expect(() => console.desk.status(unknown)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })
})

describe('refusing', () => {
  it('tells the agent why, and leaves the name free', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const request = console.desk.refuse(id, 'fingerprint does not match', actor)
    expect(request).toMatchObject({
      state: 'refused',
      reason: 'fingerprint does not match',
      decidedBy: actor,
    })
    expect(console.desk.status(id)).toMatchObject({ state: 'refused', reason: 'fingerprint does not match' })
    expect(console.records().at(-1)).toMatchObject({
      type: 'ENROLMENT_REFUSED',
      subject: 'chaser-001',
      actor,
    })
    expect((await console.desk.submit((await requestFor('chaser-001')).pem, source)).state).toBe('pending')
  })
})

describe('waiting for a decision', () => {
  it('ends when the request is decided', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const { id: other } = await console.desk.submit((await requestFor('chaser-002')).pem, source)
    const waiting = console.desk.waitForDecision(id, 10_000)
    console.desk.refuse(other, 'not this one', actor)
    expect(console.clock.pending).toBeGreaterThan(0)
    await console.desk.approve(id, console.token, actor)
    expect(await waiting).toMatchObject({ state: 'approved' })
    expect(console.clock.pending).toBe(0)
  })

  it('ends after the time asked for, at most the longest that is allowed', async () => {
    const console = await open({ longestWait: 5000 })
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    const short = console.desk.waitForDecision(id, 1000)
    const long = console.desk.waitForDecision(id, 1e9)
    console.clock.advance(1000)
    expect(await short).toMatchObject({ state: 'pending' })
    expect(console.clock.pending).toBe(1)
    console.clock.advance(4000)
    expect(await long).toMatchObject({ state: 'pending' })
  })

  it('does not wait for what is decided, or for no time', async () => {
    const console = await open()
    const { id } = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    for (const time of [0, -1, Number.NaN]) {
      expect(await console.desk.waitForDecision(id, time)).toMatchObject({ state: 'pending' })
    }
    console.desk.refuse(id, 'no reason', actor)
    expect(await console.desk.waitForDecision(id, 1000)).toMatchObject({ state: 'refused' })
    expect(console.clock.pending).toBe(0)
  })
})

describe('the list', () => {
  it('shows pending requests first and is bounded', async () => {
    const console = await open({ maximumListed: 2 })
    const first = await console.desk.submit((await requestFor('chaser-001')).pem, source)
    for (const name of ['chaser-002', 'chaser-003']) {
      console.clock.advance(1000)
      const { id } = await console.desk.submit((await requestFor(name)).pem, source)
      console.desk.refuse(id, 'not expected', actor)
    }
    expect(console.desk.list().map(({ agentId }) => agentId)).toEqual(['chaser-001', 'chaser-003'])
    expect(console.desk.list()[0]).toEqual(first)
  })
})
