import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DerTag } from '#core/crypto/der.ts'
import { derElement, derInteger, derOctets, derSequence } from '#core/crypto/der-write.ts'
import { readEncryptedPrivateKey } from '#core/crypto/encrypted-pkcs8.ts'
import { readRawSpki } from '#core/crypto/key-encoding.ts'
import { importRawPrivateKey, readPrivateKey, readPublicKey } from '#core/crypto/key-import.ts'
import { checkSignature, createSignature } from '#core/crypto/message-signature.ts'
import { encryptOaep } from '#core/crypto/rsa-oaep.ts'
import { identityAlgorithm, takeIdentityKey, verifyIdentitySignature } from '#core/crypto/signature.ts'
import { AuthenticationError, EncryptionError, KeyManagementError } from '#core/errors.ts'
import { expectRefused, refusal, refusalOf } from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

const openssl = (input: Buffer | undefined, ...options: string[]): Buffer =>
  execFileSync('openssl', options, { input, stdio: ['pipe', 'pipe', 'ignore'] })

/** PKCS#8 (DER) of a curve key as openssl writes it with these options. */
function curveKey(curve: string, ...form: string[]): Buffer {
  const named = openssl(undefined, 'ecparam', '-name', curve, '-genkey', '-noout')
  return openssl(openssl(named, 'ec', ...form), 'pkcs8', '-topk8', '-nocrypt', '-outform', 'DER')
}

const foreignForms = [
  ['explicit parameters', '-param_enc', 'explicit'],
  ['a compressed point', '-conv_form', 'compressed'],
  ['a hybrid point', '-conv_form', 'hybrid'],
] as const

describe.each(['prime256v1', 'secp384r1'])('a key of %s', (curve) => {
  it.each(foreignForms)('with %s is refused in every form it may come in', (_, ...form) => {
    const pkcs8 = curveKey(curve, ...form)
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey(key)
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    expectRefused(KeyManagementError, 'privateKey', [pkcs8, key], (v) => readPrivateKey(v))
    expectRefused(KeyManagementError, 'publicKey', [spki, publicKey], (v) => readPublicKey(v))
  })

  it('that names its curve is taken, and its exports are canonical', () => {
    const pkcs8 = curveKey(curve)
    for (const input of [pkcs8, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })]) {
      const key = readPrivateKey(input)
      expect(readRawSpki(key.publicKey.spki)?.kind).toBe(key.kind)
      expect(key.publicKey.raw?.[0]).toBe(4)
      expect(key.exportPkcs8().equals(pkcs8)).toBe(true)
    }
  })
})

it('a curve key object beside the public key of another is refused', () => {
  const [one, two] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }))
  const mixed = one!.privateKey.export({ type: 'pkcs8', format: 'der' })
  const other = two!.publicKey.export({ type: 'spki', format: 'der' }).subarray(-97)
  other.copy(mixed, mixed.length - 97)
  const key = createPrivateKey({ key: mixed, format: 'der', type: 'pkcs8' })
  expectRefused(KeyManagementError, 'privateKey', [key], (v) => readPrivateKey(v))
})

it('a curve key that names its curve inside as well is taken', () => {
  const plain = importRawPrivateKey('P-256', Buffer.alloc(32, 1))
  const curve = Buffer.from('06082a8648ce3d030107', 'hex')
  const fields = [derInteger(1), derOctets(Buffer.alloc(32, 1)), derElement(0xa0, curve)]
  const algorithm = derSequence(Buffer.from('06072a8648ce3d0201', 'hex'), curve)
  const pkcs8 = derSequence(derInteger(0), algorithm, derOctets(derSequence(...fields)))
  expect(readPrivateKey(pkcs8).publicKey.spki.equals(plain.publicKey.spki)).toBe(true)
})

describe('an identity key', () => {
  it.each(foreignForms)('with %s is none', (_, ...form) => {
    const pkcs8 = curveKey('secp384r1', ...form)
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    expect(identityAlgorithm(key)).toBeNull()
    const publicKey = createPublicKey(key)
    expect(identityAlgorithm(publicKey)).toBeNull()
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    expect(verifyIdentitySignature(spki, Buffer.from('m'), Buffer.alloc(96))).toBe(false)
    expect(refusal(() => takeIdentityKey(pkcs8))).toBeInstanceOf(KeyManagementError)
  })

  it('of P-384 is one, and its signatures are taken', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    expect(identityAlgorithm(publicKey)).toBe('ECDSA-P384')
    const signer = takeIdentityKey(privateKey.export({ type: 'pkcs8', format: 'der' }))
    const message = Buffer.from('message')
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    expect(verifyIdentitySignature(spki, message, await signer.sign(message))).toBe(true)
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    expect(identityAlgorithm(other)).toBeNull()
  })
})

describe('RSA keys with numbers that no RSA key has', () => {
  const rsaSpki = (modulus: Buffer, exponent: Buffer): Buffer => {
    const numbers = derSequence(derElement(DerTag.integer, modulus), derElement(DerTag.integer, exponent))
    const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex')
    return derSequence(algorithm, derElement(DerTag.bitString, Buffer.alloc(1), numbers))
  }
  const odd = Buffer.concat([Buffer.alloc(1), Buffer.alloc(256, 0xff)])
  const even = Buffer.from(odd)
  even[256] = 0xfe
  const usual = Buffer.from([1, 0, 1])

  it.each([
    ['even modulus', even, usual],
    ['exponent 1', odd, Buffer.from([1])],
    ['exponent 2', odd, Buffer.from([2])],
    ['even exponent', odd, Buffer.from([1, 0, 0])],
  ])('%s is refused', (_, modulus, exponent) => {
    const spki = rsaSpki(modulus, exponent)
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    expectRefused(KeyManagementError, 'publicKey', [spki, key], (v) => readPublicKey(v))
    expectRefused(KeyManagementError, 'publicKey', [spki], (v) => encryptOaep(v, Buffer.from('x')))
  })

  it('exponents 3 and 65537 are taken', () => {
    for (const exponent of [Buffer.from([3]), usual]) {
      expect(readPublicKey(rsaSpki(odd, exponent)).kind).toBe('RSA')
    }
  })

  it('an exponent that the library cannot encrypt with gives the typed error', () => {
    const large = Buffer.concat([Buffer.alloc(1), Buffer.alloc(384 + 128, 0xff)])
    const spki = rsaSpki(large, Buffer.concat([Buffer.from([1]), Buffer.alloc(8), Buffer.from([1])]))
    expectRefused(EncryptionError, 'publicKey', [spki], (v) => encryptOaep(v, Buffer.from('x')))
  })

  it('a private key that the library cannot sign with gives the typed error', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = privateKey.export({ format: 'jwk' })
    for (const e of ['AQ', 'Ag', 'AQAA']) {
      const key = createPrivateKey({ key: { ...jwk, e }, format: 'jwk' })
      const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
      expectRefused(KeyManagementError, 'privateKey', [pkcs8, key], (v) => readPrivateKey(v))
    }
    const zeroPrimes = { ...jwk, p: Buffer.alloc(128).toString('base64url') }
    const wrong = createPrivateKey({ key: zeroPrimes, format: 'jwk' })
    expectRefused(AuthenticationError, 'privateKey', [wrong], (v) =>
      createSignature('RSA-PSS-SHA256', Buffer.from('m'), v),
    )
  })
})

describe('scrypt of an encrypted key', () => {
  const scryptFile = (cost: number, blockSize: number, lanes: number): Buffer => {
    const numbers = [cost, blockSize, lanes].map((number) => derInteger(number))
    const kdf = derSequence(
      Buffer.from('06092b06010401da47040b', 'hex'),
      derSequence(derOctets(Buffer.alloc(16)), ...numbers),
    )
    const cipher = derSequence(Buffer.from('060960864801650304012a', 'hex'), derOctets(Buffer.alloc(16)))
    const algorithm = derSequence(Buffer.from('06092a864886f70d01050d', 'hex'), derSequence(kdf, cipher))
    return derSequence(algorithm, derOctets(Buffer.alloc(64)))
  }

  it.each([
    ['N of 2^16 with r = 1', 2 ** 16, 1, 1],
    ['N of 2^20 with r = 1', 2 ** 20, 1, 1],
    ['r * p too large', 2, 2 ** 20, 16],
    ['r too large', 2, 2 ** 20, 1],
    ['N that is no power of two', 3, 8, 1],
  ])('with %s is refused as not supported', async (_, cost, blockSize, lanes) => {
    const error = await refusalOf(
      readEncryptedPrivateKey(scryptFile(cost, blockSize, lanes), Buffer.from('pw')),
    )
    expect(error).toBeInstanceOf(KeyManagementError)
    expect(error.message).toContain('cost of scrypt')
  })

  it.each([
    [2 ** 15, 1, 1],
    [2, 2 ** 13, 1],
    [2, 2 ** 9, 16],
  ])('with N = %d, r = %d, p = %d is tried', async (cost, blockSize, lanes) => {
    const error = await refusalOf(
      readEncryptedPrivateKey(scryptFile(cost, blockSize, lanes), Buffer.from('pw')),
    )
    expect(error).toBeInstanceOf(AuthenticationError)
  })
})

describe('the salt of RSA-PSS', () => {
  it.each([
    ['RSA-PSS-SHA256', 222],
    ['RSA-PSS-SHA384', 206],
    ['RSA-PSS-SHA512', 190],
  ] as const)('%s with RSA-2048 is at most %d bytes', async (algorithm, most) => {
    const key = await keyOf('RSA-2048')
    const message = Buffer.from('message')
    const options = { saltLength: most }
    const signature = createSignature(algorithm, message, key, options)
    expect(checkSignature(algorithm, message, signature, key.publicKey, options)).toBe(true)
    expectRefused(AuthenticationError, 'saltLength', [most + 1, 512], (saltLength) =>
      createSignature(algorithm, message, key, { saltLength }),
    )
    expectRefused(AuthenticationError, 'saltLength', [most + 1, 512], (saltLength) =>
      checkSignature(algorithm, message, signature, key.publicKey, { saltLength }),
    )
  })
})
