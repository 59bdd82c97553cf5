import { beforeAll, describe, expect, it } from 'vitest'
import { ExtendedKeyUsage, Extension, KeyUsageFlags } from '#core/ca/x509.ts'
import { type CertificateQuestion, isNewerCrl, readCrl, validateCertificate } from '#core/ca/validation.ts'
import {
  makeAuthority,
  makeCertificate,
  makeCrl,
  makeKeys,
  type TestAuthority,
  testTime,
  withByteChanged,
} from '../../support/certificates.ts'

const day = 24 * 60 * 60 * 1000

let root: TestAuthority
let crl: Buffer

beforeAll(async () => {
  root = await makeAuthority()
  crl = await makeCrl(root)
})

const ask = (certificate: Uint8Array, more: Partial<CertificateQuestion> = {}) =>
  validateCertificate({
    certificate,
    trustAnchors: [root.certificate],
    crl,
    at: testTime,
    usage: 'client',
    ...more,
  })

describe('a sound certificate', () => {
  it('passes every check and names its holder and key', async () => {
    const { certificate, keys } = await makeCertificate(root)
    expect(ask(certificate, { agentId: 'chaser-001' })).toEqual({
      isValid: true,
      trustChainValid: true,
      notExpired: true,
      notRevoked: true,
      hostnameMatch: true,
      keyUsageValid: true,
      validationErrors: [],
      problems: { chain: [], validity: [], revocation: [], identity: [], key_usage: [] },
      identity: { agentId: 'chaser-001', profile: 'spacecraft' },
      failure: null,
      publicKeySpki: keys.spki,
      serial: '4000000000000000000000000000000b',
      revocationChecked: true,
      crlFresh: true,
    })
  })

  it.each(['P-384', 'P-256', 'RSA-2048'] as const)('may be signed by and hold a %s key', async (kind) => {
    const other = await makeAuthority({ keys: await makeKeys(kind) })
    const { certificate } = await makeCertificate(other, { keys: await makeKeys(kind) })
    const result = ask(certificate, { trustAnchors: [other.certificate], crl: await makeCrl(other) })
    expect(result.validationErrors).toEqual([])
  })

  it('is found under the right one of several trust anchors, also two of the same name', async () => {
    const twin = await makeAuthority()
    const { certificate } = await makeCertificate(root, { authorityKeyId: false })
    expect(ask(certificate, { trustAnchors: [twin.certificate, root.certificate] }).isValid).toBe(true)
    expect(ask(certificate, { trustAnchors: [twin.certificate] }).failure).toBe('certificate_untrusted')
  })

  it('is valid at the first and the last second of its validity', async () => {
    const { certificate } = await makeCertificate(root, { notBefore: testTime, notAfter: testTime + 1000 })
    expect(ask(certificate).isValid).toBe(true)
    expect(ask(certificate, { at: testTime + 1000 }).isValid).toBe(true)
    expect(ask(certificate, { at: testTime - 1 }).notExpired).toBe(false)
    expect(ask(certificate, { at: testTime + 1001 }).notExpired).toBe(false)
  })
})

describe('a certificate that is refused', () => {
  it('came from another authority', async () => {
    const other = await makeAuthority({ commonName: 'Other Root' })
    const { certificate } = await makeCertificate(other)
    const result = ask(certificate)
    expect(result).toMatchObject({ isValid: false, trustChainValid: false, failure: 'certificate_untrusted' })
    expect(result.validationErrors).toEqual([
      'The certificate was issued by an authority that is not the fleet’s.',
    ])
  })

  it('came from an authority that took the name of ours', async () => {
    const impostor = await makeAuthority()
    const { certificate } = await makeCertificate(impostor)
    expect(ask(certificate)).toMatchObject({ trustChainValid: false, failure: 'certificate_untrusted' })
  })

  it('was altered after it was signed', async () => {
    const { certificate } = await makeCertificate(root)
    const renamed = Buffer.from(
      certificate.toString('latin1').replaceAll('chaser-001', 'chaser-002'),
      'latin1',
    )
    expect(ask(renamed)).toMatchObject({ trustChainValid: false, failure: 'certificate_untrusted' })
    expect(ask(withByteChanged(certificate)).trustChainValid).toBe(false)
  })

  it.each([
    ['expired', { notBefore: testTime - 2 * day, notAfter: testTime - day }, /expired at 2026-11-20/],
    [
      'not yet valid',
      { notBefore: testTime + day, notAfter: testTime + 2 * day },
      /not valid before 2026-11-22/,
    ],
  ])('is %s', async (_name, validity, sentence) => {
    const result = ask((await makeCertificate(root, validity)).certificate)
    expect(result).toMatchObject({ trustChainValid: true, notExpired: false, failure: 'certificate_expired' })
    expect(result.validationErrors).toEqual([expect.stringMatching(sentence)])
  })

  it('hangs from a root that expired', async () => {
    const old = await makeAuthority({ notBefore: testTime - 2 * day, notAfter: testTime - day })
    const { certificate } = await makeCertificate(old)
    const result = ask(certificate, { trustAnchors: [old.certificate], crl: null })
    expect(result).toMatchObject({ notExpired: false, failure: 'certificate_expired' })
  })

  it('is revoked, which weighs more than being expired', async () => {
    const { certificate } = await makeCertificate(root, { serial: '42', notAfter: testTime - 1000 })
    const revoking = await makeCrl(root, { serials: ['41', '42'] })
    const result = ask(certificate, { crl: revoking })
    expect(result).toMatchObject({ notRevoked: false, notExpired: false, failure: 'certificate_revoked' })
    expect(result.validationErrors).toContainEqual(
      expect.stringMatching(/revoked at 2026-11-20.*keyCompromise/),
    )
    expect(ask((await makeCertificate(root, { serial: '43' })).certificate, { crl: revoking }).isValid).toBe(
      true,
    )
  })

  it('names somebody else', async () => {
    const { certificate } = await makeCertificate(root)
    const result = ask(certificate, { agentId: 'target-station' })
    expect(result).toMatchObject({ hostnameMatch: false, failure: 'certificate_identity_mismatch' })
    expect(result.validationErrors).toEqual(['The certificate names chaser-001, not target-station.'])
  })

  it.each([
    ['no URI', { uris: [] }],
    ['two URIs', { uris: ['urn:groundlock:spacecraft:chaser-001', 'urn:groundlock:observer:chaser-001'] }],
    ['another common name', { commonName: 'chaser-002' }],
    ['an unknown profile', { profile: 'admiral' }],
    ['a name with capitals', { agentId: 'Chaser' }],
    ['a URN with a tail', { uris: ['urn:groundlock:spacecraft:chaser-001:x'] }],
    ['the gateway', { agentId: 'gateway', profile: 'gateway' }],
  ])('names no agent: %s', async (_name, options) => {
    const { certificate } = await makeCertificate(root, options)
    expect(ask(certificate)).toMatchObject({ hostnameMatch: false, failure: 'certificate_identity_mismatch' })
  })

  it.each([
    ['only for servers', { purposes: [ExtendedKeyUsage.serverAuth] }],
    ['for no signatures', { keyUsage: KeyUsageFlags.keyAgreement }],
    ['for signing certificates', { keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign }],
    ['an authority’s', { ca: true }],
  ])('has the wrong usage: %s', async (_name, options) => {
    const { certificate } = await makeCertificate(root, options)
    expect(ask(certificate)).toMatchObject({
      isValid: false,
      trustChainValid: true,
      keyUsageValid: false,
      failure: 'certificate_invalid',
    })
  })

  it('has a critical extension that nobody here understands', async () => {
    const policy = new Extension('1.2.3.4', true, new Uint8Array([5, 0]))
    const { certificate } = await makeCertificate(root, { extra: [policy] })
    const result = ask(certificate)
    expect(result).toMatchObject({ isValid: false, failure: 'certificate_invalid' })
    expect(result.validationErrors[0]).toContain('1.2.3.4')
    const harmless = new Extension('1.2.3.4', false, new Uint8Array([5, 0]))
    expect(ask((await makeCertificate(root, { extra: [harmless] })).certificate).isValid).toBe(true)
  })

  it('has an extension twice', async () => {
    const twice = new Extension('2.5.29.19', false, new Uint8Array([0x30, 0]))
    const { certificate } = await makeCertificate(root, { extra: [twice] })
    expect(ask(certificate)).toMatchObject({ isValid: false, failure: 'certificate_invalid' })
  })

  it('is not a certificate at all', async () => {
    const { certificate } = await makeCertificate(root)
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('hello'),
      certificate.subarray(0, 200),
      Buffer.concat([certificate, Buffer.from([0])]),
      crl,
    ]) {
      expect(ask(bytes)).toMatchObject({ isValid: false, identity: null, failure: 'certificate_invalid' })
    }
  })

  it.each([
    ['is no authority', { ca: false }],
    ['may not sign certificates', { keyUsage: KeyUsageFlags.cRLSign }],
  ])('hangs from an anchor that %s', async (_name, options) => {
    const anchor = await makeAuthority(options)
    const { certificate } = await makeCertificate(anchor)
    const result = ask(certificate, { trustAnchors: [anchor.certificate], crl: null })
    expect(result).toMatchObject({ isValid: false, trustChainValid: false, failure: 'certificate_untrusted' })
  })

  it('has no trust anchor to hang from', async () => {
    const { certificate } = await makeCertificate(root)
    expect(ask(certificate, { trustAnchors: [] })).toMatchObject({
      isValid: false,
      failure: 'certificate_untrusted',
    })
    expect(ask(certificate, { trustAnchors: [Buffer.from('x')] }).trustChainValid).toBe(false)
  })
})

describe('the certificate of the gateway', () => {
  const hosts = [
    { type: 'dns' as const, value: 'localhost' },
    { type: 'ip' as const, value: '127.0.0.1' },
    { type: 'ip' as const, value: '::1' },
  ]

  it('is valid for the hosts it names and no others', async () => {
    const { certificate } = await makeCertificate(root, {
      agentId: 'gateway',
      profile: 'gateway',
      hosts,
      purposes: [ExtendedKeyUsage.serverAuth],
    })
    const serves = (host: string): boolean => ask(certificate, { usage: 'server', host }).isValid
    expect(
      ['localhost', 'LOCALHOST', '127.0.0.1', '::1', '[::1]', '0:0:0:0:0:0:0:1'].filter(serves),
    ).toHaveLength(6)
    expect(['gateway', 'localhost.example', '127.0.0.2', '::2', ''].filter(serves)).toEqual([])
    expect(ask(certificate, { usage: 'client' }).keyUsageValid).toBe(false)
  })

  it('is not an agent’s: its host names do not help it there', async () => {
    const { certificate } = await makeCertificate(root, { agentId: 'gateway', profile: 'gateway', hosts })
    expect(ask(certificate, { usage: 'any' }).failure).toBe('certificate_identity_mismatch')
  })
})

describe('the revocation list', () => {
  it('tells its number, dates and entries', async () => {
    const list = readCrl(await makeCrl(root, { serials: ['00f1'], number: 7 }), root.certificate)
    expect(list.number).toBe(7n)
    expect(list.revoked.get('f1')).toEqual({ at: testTime - day, reason: 'keyCompromise' })
    expect(list.isFresh(testTime)).toBe(true)
    expect(list.isFresh(testTime + 7 * day)).toBe(false)
    expect(list.isFresh(testTime - 2 * day)).toBe(false)
  })

  it('is refused when somebody else signed it, or nobody', async () => {
    const impostor = await makeAuthority()
    const forged = await makeCrl(impostor)
    expect(() => readCrl(forged, root.certificate)).toThrow(
      expect.objectContaining({ code: 'certificate_untrusted' }),
    )
    expect(() => readCrl(withByteChanged(crl), root.certificate)).toThrow(
      expect.objectContaining({ code: 'certificate_untrusted' }),
    )
    const { certificate } = await makeCertificate(root)
    expect(ask(certificate, { crl: forged })).toMatchObject({
      notRevoked: false,
      failure: 'certificate_untrusted',
    })
  })

  it.each([
    ['has no number', { number: null }],
    [
      'is partial: a critical extension says so',
      { extra: [new Extension('2.5.29.27', true, new Uint8Array([2, 1, 1]))] },
    ],
  ])('is refused when it %s', async (_name, options) => {
    const unfit = await makeCrl(root, options)
    expect(() => readCrl(unfit, root.certificate)).toThrow(
      expect.objectContaining({ code: 'certificate_invalid' }),
    )
  })

  it('is refused when it is something else', async () => {
    const { certificate } = await makeCertificate(root)
    for (const bytes of [
      Buffer.alloc(0),
      crl.subarray(0, 50),
      certificate,
      Buffer.concat([crl, Buffer.from([0])]),
    ]) {
      expect(() => readCrl(bytes, root.certificate)).toThrow(
        expect.objectContaining({ code: 'certificate_invalid' }),
      )
    }
  })

  it('still holds when it is overdue, and says so; only who asks for a fresh one is refused', async () => {
    const { certificate } = await makeCertificate(root)
    const late = { at: testTime + 30 * day }
    expect(ask(certificate, late)).toMatchObject({ isValid: true, revocationChecked: true, crlFresh: false })
    expect(ask(certificate, { ...late, requireFreshCrl: true })).toMatchObject({
      isValid: false,
      notRevoked: false,
    })
    const revoked = await makeCertificate(root, { serial: '42' })
    const revoking = await makeCrl(root, { serials: ['42'] })
    expect(ask(revoked.certificate, { ...late, crl: revoking }).failure).toBe('certificate_revoked')
  })

  it('may be missing, which is told', async () => {
    const { certificate } = await makeCertificate(root)
    expect(ask(certificate, { crl: null })).toMatchObject({ isValid: true, revocationChecked: false })
  })

  it('is replaced by a newer one only', async () => {
    const [first, second] = [await makeCrl(root, { number: 1 }), await makeCrl(root, { number: 2 })]
    expect(isNewerCrl(first, null, root.certificate)).toBe(true)
    expect(isNewerCrl(second, first, root.certificate)).toBe(true)
    expect(isNewerCrl(first, second, root.certificate)).toBe(false)
    expect(isNewerCrl(second, second, root.certificate)).toBe(false)
    const forged = await makeCrl(await makeAuthority(), { number: 9 })
    expect(() => isNewerCrl(forged, first, root.certificate)).toThrow()
  })
})
