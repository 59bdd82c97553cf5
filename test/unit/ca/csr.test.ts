import { beforeAll, describe, expect, it } from 'vitest'
import { createCsr, generateIdentity, type IdentityKeyPair, readCsr, readIdentity } from '#core/ca/csr.ts'
import {
  BasicConstraintsExtension,
  type Extension,
  type JsonName,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '#core/ca/x509.ts'
import { fingerprint } from '#core/crypto/digest.ts'
import { pemText } from '#core/crypto/pem.ts'
import { makeKeys, withByteChanged } from '../../support/certificates.ts'

let keyPair: IdentityKeyPair
let csr: Awaited<ReturnType<typeof createCsr>>

beforeAll(async () => {
  keyPair = await generateIdentity('ECDSA-P384')
  csr = await createCsr({ agentId: 'chaser-001', profile: 'spacecraft', keyPair })
})

const refusal = (code: string): unknown => expect.objectContaining({ name: 'CertificateError', code })

/** A request with what the test wants in it, signed by its own key. */
async function craft(options: {
  name?: JsonName
  uris?: string[]
  more?: Extension[]
  kind?: 'P-384' | 'P-256' | 'RSA-2048'
}) {
  const keys = await makeKeys(options.kind)
  const uris = options.uris ?? ['urn:groundlock:spacecraft:chaser-001']
  const names = uris.map((value) => ({ type: 'url' as const, value }))
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: options.name ?? [{ CN: ['chaser-001'] }],
    keys,
    signingAlgorithm: keys.signing,
    extensions: [
      ...(uris.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      ...(options.more ?? []),
    ],
  })
  return Buffer.from(request.rawData)
}

describe('a request that an agent made', () => {
  it('is read back, as PEM and as DER', async () => {
    const expected = {
      agentId: 'chaser-001',
      profile: 'spacecraft',
      publicKey: keyPair.spki,
      fingerprint: fingerprint(keyPair.spki),
      keyAlgorithm: 'ECDSA-P384',
      der: csr.der,
    }
    expect(await readCsr(csr.pem)).toEqual(expected)
    expect(await readCsr(csr.der)).toEqual(expected)
    expect(csr.fingerprint).toBe(expected.fingerprint)
  })

  it('may hold an RSA-4096 key', { timeout: 60_000 }, async () => {
    const rsa = await generateIdentity('RSA-4096')
    const made = await createCsr({ agentId: 'observer-001', profile: 'observer', keyPair: rsa })
    expect(await readCsr(made.pem)).toMatchObject({ agentId: 'observer-001', keyAlgorithm: 'RSA-4096' })
  })

  it('can be made again from the stored key', async () => {
    const again = readIdentity(Buffer.from(keyPair.pkcs8))
    expect(again.spki).toEqual(keyPair.spki)
    const made = await createCsr({ agentId: 'chaser-001', profile: 'spacecraft', keyPair: again })
    expect(made.fingerprint).toBe(csr.fingerprint)
    expect(() => readIdentity(Buffer.from('nothing'))).toThrow(
      expect.objectContaining({ code: 'token_error' }),
    )
  })

  it('does not use up the key it was made with', () => {
    expect(keyPair.pkcs8.some((byte) => byte !== 0)).toBe(true)
  })
})

describe('a request that is refused', () => {
  it.each<[string, () => string | Uint8Array]>([
    ['empty', () => ''],
    ['text', () => 'please let me in'],
    ['cut off', () => csr.der.subarray(0, 100)],
    ['followed by something', () => Buffer.concat([csr.der, Buffer.from([0])])],
    ['PEM of something else', () => pemText('CERTIFICATE', csr.der)],
    ['two PEM blocks', () => csr.pem + csr.pem],
    ['PEM whose base64 is not canonical', () => csr.pem.replace('-----END', '=\n-----END')],
    ['too large', () => Buffer.alloc(16 * 1024 + 1, 0x30)],
    ['too large, as text', () => csr.pem + '\n'.repeat(16 * 1024)],
  ])('because it is malformed: %s', async (_name, input) => {
    await expect(readCsr(input())).rejects.toEqual(refusal('csr_malformed'))
  })

  it('because its signature is wrong', async () => {
    await expect(readCsr(withByteChanged(csr.der))).rejects.toEqual(refusal('csr_signature_invalid'))
  })

  it('because somebody put another name or key into it', async () => {
    const renamed = Buffer.from(csr.der.toString('latin1').replaceAll('chaser-001', 'chaser-002'), 'latin1')
    await expect(readCsr(renamed)).rejects.toEqual(refusal('csr_signature_invalid'))
    const other = await generateIdentity('ECDSA-P384')
    const at = csr.der.indexOf(keyPair.spki)
    const rekeyed = Buffer.concat([
      csr.der.subarray(0, at),
      other.spki,
      csr.der.subarray(at + other.spki.length),
    ])
    await expect(readCsr(rekeyed)).rejects.toEqual(refusal('csr_signature_invalid'))
  })

  it.each(['P-256', 'RSA-2048'] as const)('because its key is %s', async (kind) => {
    await expect(readCsr(await craft({ kind }))).rejects.toEqual(refusal('csr_key_unsupported'))
  })

  it.each<[string, Parameters<typeof craft>[0]]>([
    ['no URI', { uris: [] }],
    ['two URIs', { uris: ['urn:groundlock:spacecraft:chaser-001', 'urn:groundlock:observer:chaser-001'] }],
    ['a common name that differs', { name: [{ CN: ['chaser-002'] }] }],
    ['two common names', { name: [{ CN: ['chaser-001'] }, { CN: ['target-station'] }] }],
    ['no common name', { name: [{ O: ['Fleet'] }] }],
    ['capitals', { name: [{ CN: ['Chaser'] }], uris: ['urn:groundlock:spacecraft:Chaser'] }],
    ['an unknown profile', { uris: ['urn:groundlock:root:chaser-001'] }],
    ['the gateway’s profile', { name: [{ CN: ['gateway'] }], uris: ['urn:groundlock:gateway:gateway'] }],
    [
      'a host name beside it',
      { more: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])] },
    ],
  ])('because its name is not allowed: %s', async (_name, options) => {
    await expect(craft(options).then(readCsr)).rejects.toEqual(refusal('name_not_allowed'))
  })

  it('because it asks to be an authority', async () => {
    const request = await craft({ more: [new BasicConstraintsExtension(true, 0, true)] })
    await expect(readCsr(request)).rejects.toEqual(refusal('csr_malformed'))
  })
})
