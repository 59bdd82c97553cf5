import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type KeyPairAlgorithm, type SignatureAlgorithm } from '#core/crypto/algorithms.ts'
import type { PrivateKey } from '#core/crypto/asymmetric-key.ts'
import { readPrivateKey, readPublicKey } from '#core/crypto/key-import.ts'
import { checkSignature, createSignature, type SignatureOptions } from '#core/crypto/message-signature.ts'
import { AuthenticationError, KeyManagementError } from '#core/errors.ts'
import { bytesOf, expectRefused, flip, notBytes, providerSets, tooMuch } from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

interface Case {
  readonly algorithm: SignatureAlgorithm
  readonly keys: KeyPairAlgorithm
  readonly options: SignatureOptions
  /** Bytes; DER forms vary. */
  readonly length?: number
}

const cases: readonly Case[] = [
  { algorithm: 'RSA-PSS-SHA256', keys: 'RSA-2048', options: {}, length: 256 },
  { algorithm: 'RSA-PSS-SHA512', keys: 'RSA-2048', options: { saltLength: 20 }, length: 256 },
  { algorithm: 'ECDSA-SHA256', keys: 'ECDSA-P256', options: {} },
  { algorithm: 'ECDSA-SHA256', keys: 'ECDSA-P256', options: { form: 'raw' }, length: 64 },
  { algorithm: 'ECDSA-SHA256', keys: 'ECDSA-P384', options: {} },
  { algorithm: 'ECDSA-SHA384', keys: 'ECDSA-P384', options: { form: 'raw' }, length: 96 },
  { algorithm: 'Ed25519', keys: 'Ed25519', options: {}, length: 64 },
  { algorithm: 'ML-DSA-65', keys: 'ML-DSA-65', options: {}, length: 3309 },
  { algorithm: 'ML-DSA-65', keys: 'ML-DSA-65', options: { context: Buffer.from('context') }, length: 3309 },
  { algorithm: 'ML-DSA-87', keys: 'ML-DSA-87', options: { deterministic: true }, length: 4627 },
]

describe.each(providerSets)('signatures on $who', ({ providers }) => {
  it.each(cases)('$algorithm with $keys $options', async ({ algorithm, keys, options, length }) => {
    const key = readPrivateKey((await keyOf(keys)).exportPem(), providers)
    const publicKey = readPublicKey(key.publicKey.pem, providers)
    const taken = (message: Buffer, signature: Buffer): boolean =>
      checkSignature(algorithm, message, signature, publicKey, options, providers)
    fc.assert(
      fc.property(bytesOf(1, 100), fc.nat(), (message, bit) => {
        const signature = createSignature(algorithm, message, key, options, providers)
        if (length !== undefined) expect(signature.length).toBe(length)
        expect(taken(message, signature)).toBe(true)
        expect(taken(message, flip(signature, bit))).toBe(false)
        expect(taken(flip(message, bit), signature)).toBe(false)
        expect(taken(message, signature.subarray(0, bit % signature.length))).toBe(false)
        expect(taken(message, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false)
      }),
      { numRuns: keys.startsWith('ML') ? 4 : 10 },
    )
  })

  it('of ML-DSA are bound to their context', async () => {
    const key = readPrivateKey((await keyOf('ML-DSA-65')).exportPem(), providers)
    const sign = (options: SignatureOptions): Buffer =>
      createSignature('ML-DSA-65', Buffer.from('m'), key, options, providers)
    const taken = (signature: Buffer, options: SignatureOptions): boolean =>
      checkSignature('ML-DSA-65', Buffer.from('m'), signature, key.publicKey, options, providers)
    const context = Buffer.from('a')
    expect(taken(sign({ context }), {})).toBe(false)
    expect(taken(sign({}), { context })).toBe(false)
    expect(taken(sign({ context }), { context: Buffer.from('b') })).toBe(false)
  })
})

it('both providers take each other and make the same deterministic signatures', async () => {
  const pem = (await keyOf('ML-DSA-87')).exportPem()
  const message = Buffer.from('message')
  const context = Buffer.from('context')
  const keys = providerSets.map(({ providers }) => readPrivateKey(pem, providers))
  const made = providerSets.map(({ providers }, index) =>
    createSignature('ML-DSA-87', message, keys[index]!, { context, deterministic: true }, providers),
  )
  expect(made[0]!.equals(made[1]!)).toBe(true)
  for (const signer of [0, 1]) {
    const signature = createSignature('ML-DSA-87', message, keys[signer]!, { context })
    const other = keys[1 - signer]!.publicKey
    expect(checkSignature('ML-DSA-87', message, signature, other, { context })).toBe(true)
  }
})

describe('bad input', () => {
  let ecdsa: PrivateKey
  let rsa: PrivateKey
  beforeAll(async () => {
    ecdsa = await keyOf('ECDSA-P256')
    rsa = await keyOf('RSA-2048')
  })
  const message = Buffer.from('m')

  it('is refused when signing', () => {
    expectRefused(AuthenticationError, 'algorithm', ['RSA-SHA256', 'ed25519', null, 3], (v) =>
      createSignature(v, message, ecdsa),
    )
    expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) =>
      createSignature('ECDSA-SHA256', v, ecdsa),
    )
    expectRefused(AuthenticationError, 'privateKey', [ecdsa], (v) =>
      createSignature('RSA-PSS-SHA256', message, v),
    )
    expectRefused(AuthenticationError, 'privateKey', [rsa], (v) => createSignature('ML-DSA-65', message, v))
    const noKeys = [null, undefined, 5, '', 'secret', Buffer.alloc(0), Buffer.alloc(40), tooMuch, {}]
    expectRefused(KeyManagementError, 'privateKey', noKeys, (v) => createSignature('Ed25519', message, v))
    expectRefused(AuthenticationError, 'form', ['DER', 1, null], (v) =>
      createSignature('ECDSA-SHA256', message, ecdsa, { form: v }),
    )
    expectRefused(AuthenticationError, 'saltLength', [-1, 513, '32'], (v) =>
      createSignature('RSA-PSS-SHA256', message, rsa, { saltLength: v }),
    )
    expectRefused(AuthenticationError, 'context', ['secret', Buffer.alloc(256)], (v) =>
      createSignature('ML-DSA-65', message, rsa, { context: v }),
    )
    expectRefused(AuthenticationError, 'options', [null, 1], (v) =>
      createSignature('ECDSA-SHA256', message, ecdsa, v),
    )
  })

  it('is refused when verifying', () => {
    const signature = createSignature('ECDSA-SHA256', message, ecdsa)
    expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) =>
      checkSignature('ECDSA-SHA256', v, signature, ecdsa.publicKey),
    )
    expectRefused(AuthenticationError, 'signature', [...notBytes, tooMuch], (v) =>
      checkSignature('ECDSA-SHA256', message, v, ecdsa.publicKey),
    )
    expectRefused(AuthenticationError, 'publicKey', [rsa.publicKey, rsa.publicKey.pem], (v) =>
      checkSignature('ECDSA-SHA256', message, signature, v),
    )
    expectRefused(
      KeyManagementError,
      'publicKey',
      [null, 'secret', Buffer.alloc(91), ecdsa.exportPem()],
      (v) => checkSignature('ECDSA-SHA256', message, signature, v),
    )
  })

  it('of a wrong salt length is an invalid signature', () => {
    const signature = createSignature('RSA-PSS-SHA256', message, rsa, { saltLength: 20 })
    expect(checkSignature('RSA-PSS-SHA256', message, signature, rsa.publicKey)).toBe(false)
    expect(checkSignature('RSA-PSS-SHA256', message, signature, rsa.publicKey, { saltLength: 20 })).toBe(true)
  })
})
