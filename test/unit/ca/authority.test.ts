import { describe, expect, it } from 'vitest'
import { Authority } from '#core/ca/authority.ts'
import { certificateFacts } from '#core/ca/certificate-facts.ts'
import { generateIdentity } from '#core/ca/csr.ts'
import { readCrl, validateCertificate } from '#core/ca/validation.ts'
import { fingerprint } from '#core/crypto/digest.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { AuthorityView } from '#shared/model/fleet.ts'
import { actor, TestConsole } from '../../support/fleet-authority.ts'

const day = 24 * 60 * 60 * 1000

const input = {
  algorithm: 'ECDSA-P384',
  commonName: 'Fleet Root',
  organization: 'Test Fleet',
  validYears: 10,
} as const

async function withAuthority(): Promise<TestConsole> {
  const console = new TestConsole()
  await console.createAuthority()
  return console
}

const agentRequest = async (agentId = 'chaser-001') => ({
  agentId,
  profile: 'spacecraft' as const,
  publicKey: (await generateIdentity()).spki,
})

describe('creating the root', () => {
  it('makes a self-signed CA certificate that can sign only agents and lists', async () => {
    const { authority, clock } = await withAuthority()
    const facts = certificateFacts(authority.trustAnchor)
    expect(facts).toMatchObject({
      subject: 'CN=Fleet Root, O=Test Fleet',
      isAuthority: true,
      keyUsage: 32 | 64,
    })
    expect(facts.issuerDer.equals(facts.subjectDer)).toBe(true)
    expect(facts.isSignedBy(facts.spki)).toBe(true)
    expect(facts.notBefore).toBe(clock.now() - 5 * 60 * 1000)
    expect(new Date(facts.notAfter).toISOString()).toBe('2036-11-21T00:00:00.000Z')
    expect(authority.expiresAt).toBe(facts.notAfter)
    expect(authority.trustAnchorFingerprint).toBe(fingerprint(authority.trustAnchor))
  })

  it('answers what the contract shows, with an empty first CRL', async () => {
    const { authority, token } = await withAuthority()
    const view = AuthorityView.parse(authority.view(token.info()))
    expect(view).toMatchObject({
      certificate: {
        profile: 'root',
        agentId: null,
        keyAlgorithm: 'ECDSA-P384',
        signatureAlgorithm: 'ECDSA-SHA384',
      },
      key: { protection: 'software', exportable: false },
      crl: {
        number: 1,
        thisUpdate: '2026-11-21T00:00:00.000Z',
        nextUpdate: '2026-11-28T00:00:00.000Z',
        entries: 0,
      },
      issued: 0,
    })
  })

  it('is audited, announced and there after a restart', async () => {
    const console = new TestConsole()
    const lists: Buffer[] = []
    console.authority.onCrl((crl) => lists.push(crl))
    await console.createAuthority()
    expect(console.recordTypes()).toEqual(['AUTHORITY_CREATED', 'CRL_ISSUED'])
    expect(lists).toEqual([console.authority.crl])
    const restarted = console.again()
    expect(restarted.authority.trustAnchor).toEqual(console.authority.trustAnchor)
    expect(restarted.authority.crl).toEqual(console.authority.crl)
  })

  it('happens once', async () => {
    const console = await withAuthority()
    await expect(console.createAuthority()).rejects.toMatchObject({ code: 'authority_exists' })
    const fresh = new TestConsole()
    const outcomes = await Promise.allSettled([fresh.createAuthority(), fresh.createAuthority()])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(fresh.token.keyCount).toBe(1)
  })

  it.each([
    ['extractable', { sensitive: true, extractable: true, neverExtractable: false, local: true }],
    ['not sensitive', { sensitive: false, extractable: false, neverExtractable: true, local: true }],
    ['once extractable', { sensitive: true, extractable: false, neverExtractable: false, local: true }],
    [
      'brought in from outside',
      { sensitive: true, extractable: false, neverExtractable: true, local: false },
    ],
  ])('refuses a key that is %s, and keeps nothing', async (_name, attributes) => {
    const console = new TestConsole()
    console.token.attributes = attributes
    await expect(console.createAuthority()).rejects.toMatchObject({ code: 'token_error' })
    expect(console.token.keyCount).toBe(0)
    expect(console.authority.exists).toBe(false)
    expect(console.records()).toEqual([])
  })

  it.each(['signsWrongly', 'signError'] as const)(
    'leaves nothing behind when the token fails: %s',
    async (fault) => {
      const console = new TestConsole()
      if (fault === 'signError') console.token.signError = new Error('pulled out')
      else console.token.signsWrongly = true
      await expect(console.createAuthority()).rejects.toThrow()
      expect(console.token.keyCount).toBe(0)
      expect(console.again().authority.exists).toBe(false)
      expect(console.records()).toEqual([])
    },
  )

  it.each(['', '  ', 'Fleet\u202eRoot', 'Fleet\nRoot', 'Fleet\u0000'])(
    'refuses the name %j',
    async (commonName) => {
      const { authority, token } = new TestConsole()
      const attempt = authority.create({ ...input, commonName }, token, actor)
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_input' })
    },
  )

  it('takes names with signs that mean something elsewhere, as they are', async () => {
    const { authority, token } = new TestConsole()
    const commonName = '#Flöte, "O=Root" \\+ <CA>'
    await authority.create({ ...input, commonName }, token, actor)
    expect(certificateFacts(authority.trustAnchor).commonNames).toEqual([commonName])
  })

  it('is missing until it is done: everything else says so', async () => {
    const { authority, token } = new TestConsole()
    expect(authority.exists).toBe(false)
    expect(authority.view(token.info())).toBeNull()
    expect(authority.expiresAt).toBeNull()
    expect(() => authority.trustAnchor).toThrow(expect.objectContaining({ code: 'authority_missing' }))
    const missing = { code: 'authority_missing' }
    await expect(authority.issueAgent(await agentRequest(), token, actor)).rejects.toMatchObject(missing)
    await expect(authority.revoke('41', 'superseded', token, actor)).rejects.toMatchObject(missing)
    await expect(authority.renewCrl(token, actor)).rejects.toMatchObject(missing)
  })
})

describe('issuing', () => {
  it('makes an agent’s certificate that validates, for a year', async () => {
    const { authority, token, clock } = await withAuthority()
    const request = await agentRequest()
    const { der, pem, serial, notAfter } = await authority.issueAgent(request, token, actor)
    const verdict = validateCertificate({
      certificate: der,
      trustAnchors: [authority.trustAnchor],
      crl: authority.crl,
      at: clock.now(),
      usage: 'client',
      agentId: 'chaser-001',
    })
    expect(verdict.validationErrors).toEqual([])
    expect(verdict.publicKeySpki).toEqual(request.publicKey)
    expect(notAfter).toBe(clock.now() + 365 * day)
    expect(certificateFacts(der)).toMatchObject({
      subject: 'CN=chaser-001, O=Test Fleet',
      dnsNames: [],
      ipAddresses: [],
    })
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
    expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/)
    expect(certificateFacts(der).serial).toBe(serial)
    expect(authority.currentCertificate({ agentId: 'chaser-001' })?.serial).toBe(serial)
    expect(authority.view(token.info())?.issued).toBe(1)
  })

  it('makes the gateway’s certificate for loopback and the hosts given, for servers only', async () => {
    const { authority, token, clock } = await withAuthority()
    const { spki } = await generateIdentity()
    const hosts = ['Groundlock.Example', '192.0.2.7', '127.0.0.1', '0.0.0.0', '::']
    const { der, notAfter } = await authority.issueGateway(spki, hosts, token, actor)
    expect(certificateFacts(der)).toMatchObject({
      dnsNames: ['localhost', 'groundlock.example'],
      ipAddresses: ['127.0.0.1', '::1', '192.0.2.7'],
      uris: ['urn:groundlock:gateway:gateway'],
    })
    expect(notAfter).toBe(clock.now() + 397 * day)
    expect(authority.currentCertificate('gateway')?.der).toEqual(der)
    const asClient = {
      certificate: der,
      trustAnchors: [authority.trustAnchor],
      crl: null,
      at: clock.now(),
    } as const
    expect(validateCertificate({ ...asClient, usage: 'client' }).isValid).toBe(false)
    expect(validateCertificate({ ...asClient, usage: 'server', host: '192.0.2.7' }).isValid).toBe(true)
  })

  it('refuses a host that is none', async () => {
    const { authority, token } = await withAuthority()
    const { spki } = await generateIdentity()
    for (const host of ['', 'a b', '*.example', 'x'.repeat(254), 'https://example']) {
      const attempt = authority.issueGateway(spki, [host], token, actor)
      await expect(attempt).rejects.toMatchObject({ code: 'configuration_invalid' })
    }
  })

  it('enrols the console as an agent, once, and renews its certificate', async () => {
    const { authority, token, fleet } = await withAuthority()
    await authority.issueConsole((await generateIdentity()).spki, token, actor)
    const second = await authority.issueConsole((await generateIdentity()).spki, token, actor)
    expect(fleet.list()).toMatchObject([{ agentId: 'ground-station', isConsole: true, verdict: 'trusted' }])
    expect(fleet.read('ground-station').certificate?.serial).toBe(second.serial)
  })

  it('never lets a certificate outlive the root', async () => {
    const { authority, token, clock } = await withAuthority()
    clock.advance(3600 * day)
    const { notAfter } = await authority.issueAgent(await agentRequest(), token, actor)
    expect(notAfter).toBe(authority.expiresAt)
    clock.advance(60 * day)
    const late = authority.issueAgent(await agentRequest('chaser-002'), token, actor)
    await expect(late).rejects.toMatchObject({ code: 'certificate_expired' })
    expect(authority.currentCertificate({ agentId: 'chaser-002' })).toBeNull()
  })

  it('keeps nothing of it when what belongs to the act fails', async () => {
    const console = await withAuthority()
    const before = console.records().length
    const attempt = console.authority.issueAgent(await agentRequest(), console.token, actor, () => {
      throw new Error('disk full')
    })
    await expect(attempt).rejects.toThrow('disk full')
    expect(console.authority.currentCertificate({ agentId: 'chaser-001' })).toBeNull()
    expect(console.records()).toHaveLength(before)
  })

  it('refuses a token that does not hold the key, holds it exportable, or signs wrongly', async () => {
    const { authority, token } = await withAuthority()
    const other = await withAuthority()
    const request = await agentRequest()
    await expect(authority.issueAgent(request, other.token, actor)).rejects.toMatchObject({
      code: 'token_error',
    })
    token.signsWrongly = true
    await expect(authority.issueAgent(request, token, actor)).rejects.toMatchObject({
      code: 'certificate_untrusted',
    })
    token.signsWrongly = false
    token.attributes = { ...token.attributes, extractable: true }
    await expect(authority.issueAgent(request, token, actor)).rejects.toMatchObject({ code: 'token_error' })
    expect(authority.currentCertificate({ agentId: 'chaser-001' })).toBeNull()
  })
})

describe('revoking', () => {
  it('puts the certificate on a new CRL, for good', async () => {
    const console = await withAuthority()
    const { authority, token, clock } = console
    const { serial, der } = await authority.issueAgent(await agentRequest(), token, actor)
    const lists: Buffer[] = []
    authority.onCrl((crl) => lists.push(crl))
    clock.advance(1500)
    await authority.revoke(serial, 'keyCompromise', token, actor)
    const list = readCrl(authority.crl, authority.trustAnchor)
    expect(list.number).toBe(2n)
    // DER has whole seconds.
    expect(list.revoked.get(serial)).toEqual({ at: clock.now() - 500, reason: 'keyCompromise' })
    expect(lists).toEqual([authority.crl])
    expect(console.records().slice(-2)).toMatchObject([
      {
        type: 'CERTIFICATE_REVOKED',
        subject: 'chaser-001',
        actor,
        detail: { serial, reason: 'keyCompromise' },
      },
      { type: 'CRL_ISSUED', detail: { number: 2, entries: 1 } },
    ])
    const restarted = console.again().authority
    const question = {
      certificate: der,
      trustAnchors: [restarted.trustAnchor],
      crl: restarted.crl,
      at: clock.now(),
    }
    expect(validateCertificate({ ...question, usage: 'client' }).failure).toBe('certificate_revoked')
    expect(restarted.currentCertificate({ agentId: 'chaser-001' })).toBeNull()
  })

  it('leaves out the reason when there is none to tell', async () => {
    const { authority, token } = await withAuthority()
    const { serial } = await authority.issueAgent(await agentRequest(), token, actor)
    await authority.revoke(serial, 'unspecified', token, actor)
    expect(readCrl(authority.crl, authority.trustAnchor).revoked.get(serial)?.reason).toBe('unspecified')
  })

  it('refuses serial numbers that are unknown, revoked already or the root’s', async () => {
    const { authority, token } = await withAuthority()
    const { serial } = await authority.issueAgent(await agentRequest(), token, actor)
    await authority.revoke(serial, 'superseded', token, actor)
    const revoke = (one: string): Promise<void> => authority.revoke(one, 'superseded', token, actor)
    await expect(revoke('4f')).rejects.toMatchObject({ code: 'not_found' })
    await expect(revoke(serial)).rejects.toMatchObject({ code: 'conflict' })
    await expect(revoke(certificateFacts(authority.trustAnchor).serial)).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(readCrl(authority.crl, authority.trustAnchor).number).toBe(2n)
  })

  it('keeps list and state together when what belongs to the act fails', async () => {
    const { authority, token } = await withAuthority()
    const { serial } = await authority.issueAgent(await agentRequest(), token, actor)
    const before = authority.crl
    const attempt = authority.revoke(serial, 'keyCompromise', token, actor, () => {
      throw new Error('disk full')
    })
    await expect(attempt).rejects.toThrow('disk full')
    expect(authority.crl).toBe(before)
    expect(authority.currentCertificate({ agentId: 'chaser-001' })?.serial).toBe(serial)
  })

  it('loses none of several revocations that are asked for at once', async () => {
    const { authority, token } = await withAuthority()
    const names = ['chaser-001', 'chaser-002', 'chaser-003']
    const issued = await Promise.all(
      names.map(async (name) => authority.issueAgent(await agentRequest(name), token, actor)),
    )
    await Promise.all(issued.map(({ serial }) => authority.revoke(serial, 'superseded', token, actor)))
    const list = readCrl(authority.crl, authority.trustAnchor)
    expect(list.number).toBe(4n)
    expect([...list.revoked.keys()].toSorted()).toEqual(issued.map(({ serial }) => serial).toSorted())
  })

  it('drops entries only after their certificate expired and the entry was on a list since', async () => {
    const { authority, token, clock } = await withAuthority()
    const { serial } = await authority.issueAgent(await agentRequest(), token, actor)
    await authority.revoke(serial, 'superseded', token, actor)
    const listed = (): boolean => readCrl(authority.crl, authority.trustAnchor).revoked.has(serial)
    clock.advance(366 * day)
    await authority.renewCrl(token, actor)
    expect(listed()).toBe(true)
    await authority.renewCrl(token, actor)
    expect(listed()).toBe(false)
  })
})

describe('renewing the CRL', () => {
  it('happens when half of its life is over, and counts on', async () => {
    const { authority, token, clock } = await withAuthority()
    clock.advance(3 * day)
    expect(await authority.renewCrlWhenDue(token, actor)).toBe(false)
    clock.advance(day)
    expect(await authority.renewCrlWhenDue(token, actor)).toBe(true)
    const list = readCrl(authority.crl, authority.trustAnchor)
    expect(list).toMatchObject({ number: 2n, thisUpdate: clock.now(), nextUpdate: clock.now() + 7 * day })
  })
})

describe('a database that was tampered with', () => {
  it('is reported at the start when root and CRL do not belong together', async () => {
    const console = await withAuthority()
    const other = await withAuthority()
    console.database.prepare<[Buffer]>('UPDATE authority SET crl = ?').run(other.authority.crl)
    const { database, audit, clock } = console
    expect(() => new Authority({ database, audit, clock, random: platformRandom })).toThrow(
      expect.objectContaining({ code: 'database_damaged' }),
    )
  })
})
