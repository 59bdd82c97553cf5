import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashes, hashNames, kemAlgorithms } from '#core/crypto/algorithms.ts'
import {
  encapsulateHybrid,
  HybridKeyPair,
  hybridCiphertextBytes,
  hybridPublicBytes,
  hybridSeedBytes,
} from '#core/crypto/hybrid.ts'
import { decapsulate, encapsulate, kemCiphertextBytes } from '#core/crypto/kem.ts'
import { importRawPrivateKey } from '#core/crypto/key-import.ts'
import { generatePrivateKey } from '#core/crypto/key-pairs.ts'
import { decryptOaep, encryptOaep } from '#core/crypto/rsa-oaep.ts'
import type { SecretKey } from '#core/crypto/secret-key.ts'
import { EncryptionError, KeyManagementError, SecurityException } from '#core/errors.ts'
import {
  bytesOf,
  expectRefused,
  flip,
  notBytes,
  providerSets,
  refusal,
  tooMuch,
} from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

const hex = (secret: SecretKey): string => secret.use((bytes) => Buffer.from(bytes).toString('hex'))

describe('RSA-OAEP', () => {
  it('opens what it transported, and refuses any altered bit, label and hash', async () => {
    const key = await keyOf('RSA-2048')
    fc.assert(
      fc.property(
        fc.constantFrom(...hashNames),
        bytesOf(0, 100),
        bytesOf(0, 40),
        fc.nat(),
        (hash, text, label, bit) => {
          const sealed = encryptOaep(key.publicKey, text, { hash, label })
          expect(decryptOaep(key, sealed, { hash, label }).equals(text)).toBe(true)
          for (const attempt of [
            () => decryptOaep(key, flip(sealed, bit), { hash, label }),
            () => decryptOaep(key, sealed, { hash, label: Buffer.concat([label, Buffer.alloc(1)]) }),
            () => decryptOaep(key, sealed, { hash: hash === 'SHA-256' ? 'SHA-384' : 'SHA-256', label }),
          ]) {
            const error = refusal(attempt)
            expect(error).toBeInstanceOf(EncryptionError)
            expect(error.message).toBe('The transported key cannot be opened with this RSA key.')
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  it('refuses bad input', async () => {
    const key = await keyOf('RSA-2048')
    for (const hash of hashNames) {
      const max = 256 - 2 * hashes[hash].bytes - 2
      expect(encryptOaep(key.publicKey, Buffer.alloc(max), { hash }).length).toBe(256)
      expectRefused(EncryptionError, 'plaintext', [...notBytes, Buffer.alloc(max + 1), tooMuch], (v) =>
        encryptOaep(key.publicKey, v, { hash }),
      )
    }
    const lengths = [Buffer.alloc(0), Buffer.alloc(255), Buffer.alloc(257)]
    expectRefused(EncryptionError, 'ciphertext', [...notBytes, ...lengths, tooMuch], (v) =>
      decryptOaep(key, v),
    )
    expectRefused(EncryptionError, 'hash', ['SHA-1', null], (v) =>
      encryptOaep(key.publicKey, lengths[0]!, { hash: v }),
    )
    expectRefused(EncryptionError, 'label', ['secret', Buffer.alloc(1025)], (v) =>
      decryptOaep(key, Buffer.alloc(256), { label: v }),
    )
    expectRefused(EncryptionError, 'options', [null, 1], (v) => decryptOaep(key, Buffer.alloc(256), v))
    const strange = await keyOf('Ed25519')
    expectRefused(EncryptionError, 'privateKey', [strange], (v) => decryptOaep(v, Buffer.alloc(256)))
    expectRefused(EncryptionError, 'publicKey', [strange.publicKey], (v) => encryptOaep(v, Buffer.alloc(1)))
    expectRefused(KeyManagementError, 'publicKey', [null, 'secret'], (v) => encryptOaep(v, Buffer.alloc(1)))
  })
})

describe.each(providerSets)('on $who', ({ providers }) => {
  it.each(kemAlgorithms)(
    '%s gives both sides one secret, and an altered ciphertext another',
    async (algorithm) => {
      const key = await generatePrivateKey(algorithm, undefined, providers)
      fc.assert(
        fc.property(fc.nat(), (bit) => {
          const { ciphertext, sharedSecret } = encapsulate(key.publicKey, {}, providers)
          expect(ciphertext.length).toBe(kemCiphertextBytes[algorithm])
          expect(hex(decapsulate(key, ciphertext, providers))).toBe(hex(sharedSecret))
          const rejected = hex(decapsulate(key, flip(ciphertext, bit), providers))
          expect(rejected).not.toBe(hex(sharedSecret))
          expect(rejected).toBe(hex(decapsulate(key, flip(ciphertext, bit), providers)))
        }),
        { numRuns: 8 },
      )
    },
  )

  it('hybrid agreement gives both sides one secret, and refuses or changes with any altered bit', () => {
    const pair = HybridKeyPair.generate(undefined, providers)
    expect(pair.publicKey.length).toBe(hybridPublicBytes)
    fc.assert(
      fc.property(fc.nat(), (bit) => {
        const { ciphertext, sharedSecret } = encapsulateHybrid(pair.publicKey, undefined, providers)
        expect(ciphertext.length).toBe(hybridCiphertextBytes)
        expect(sharedSecret.length).toBe(48)
        expect(hex(pair.decapsulate(ciphertext))).toBe(hex(sharedSecret))
        for (const at of [bit, hybridCiphertextBytes * 8 - 1 - (bit % 256)]) {
          expect(secretOrRefusal(() => pair.decapsulate(flip(ciphertext, at)))).not.toBe(hex(sharedSecret))
        }
      }),
      { numRuns: 8 },
    )
  })

  it('hybrid secrets differ for another public key and come back from the seed', () => {
    const seed = Buffer.alloc(hybridSeedBytes, 9)
    const pair = HybridKeyPair.take(Buffer.from(seed), providers)
    const { ciphertext, sharedSecret } = encapsulateHybrid(pair.publicKey, undefined, providers)
    const taken = Buffer.from(seed)
    expect(hex(HybridKeyPair.take(taken, providers).decapsulate(ciphertext))).toBe(hex(sharedSecret))
    expect(taken.equals(Buffer.alloc(hybridSeedBytes))).toBe(true)
    const other = HybridKeyPair.take(flip(seed, 0), providers)
    expect(hex(other.decapsulate(ciphertext))).not.toBe(hex(sharedSecret))
    pair.destroy()
    expect(refusal(() => pair.decapsulate(ciphertext)).code).toBe('conflict')
  })

  it('hybrid agreement refuses an X25519 part of small order', () => {
    const pair = HybridKeyPair.generate(undefined, providers)
    const { ciphertext } = encapsulateHybrid(pair.publicKey, undefined, providers)
    const weak = Buffer.concat([ciphertext.subarray(0, 1088), Buffer.alloc(32)])
    expect(refusal(() => pair.decapsulate(weak)).code).toBe('encryption_failed')
    const weakKey = Buffer.concat([pair.publicKey.subarray(0, 1184), Buffer.alloc(32)])
    expect(refusal(() => encapsulateHybrid(weakKey, undefined, providers)).code).toBe('encryption_failed')
  })

  it('bad input is refused', async () => {
    const key = await generatePrivateKey('ML-KEM-768', undefined, providers)
    const lengths = [Buffer.alloc(0), Buffer.alloc(1087), Buffer.alloc(1089), Buffer.alloc(1568)]
    expectRefused(EncryptionError, 'ciphertext', [...notBytes, ...lengths, tooMuch], (v) =>
      decapsulate(key, v, providers),
    )
    expectRefused(EncryptionError, 'message', [null, 'secret', Buffer.alloc(31)], (v) =>
      encapsulate(key.publicKey, { message: v }, providers),
    )
    expectRefused(EncryptionError, 'options', [null, 7], (v) => encapsulate(key.publicKey, v, providers))
    const strange = await keyOf('X25519')
    expectRefused(EncryptionError, 'publicKey', [strange.publicKey], (v) => encapsulate(v, {}, providers))
    expectRefused(EncryptionError, 'privateKey', [strange], (v) =>
      decapsulate(v, Buffer.alloc(1088), providers),
    )
    expectRefused(KeyManagementError, 'publicKey', [null, 'secret', Buffer.alloc(1184)], (v) =>
      encapsulate(v, {}, providers),
    )
    const pair = HybridKeyPair.generate(undefined, providers)
    expectRefused(EncryptionError, 'ciphertext', [...notBytes, Buffer.alloc(1088), tooMuch], (v) =>
      pair.decapsulate(v),
    )
    expectRefused(EncryptionError, 'publicKey', [...notBytes, Buffer.alloc(1184), tooMuch], (v) =>
      encapsulateHybrid(v, undefined, providers),
    )
    expectRefused(KeyManagementError, 'publicKey', [Buffer.alloc(1216, 0xff)], (v) =>
      encapsulateHybrid(v, undefined, providers),
    )
    expectRefused(EncryptionError, 'seed', [...notBytes, Buffer.alloc(95)], (v) =>
      HybridKeyPair.take(v, providers),
    )
  })
})

it('both providers agree byte for byte on ML-KEM', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kemAlgorithms), bytesOf(64), bytesOf(32), (algorithm, seed, message) => {
      const [one, two] = providerSets.map(({ providers }) => {
        const key = importRawPrivateKey(algorithm, seed, providers)
        const { ciphertext, sharedSecret } = encapsulate(key.publicKey, { message }, providers)
        return { ciphertext: ciphertext.toString('hex'), made: hex(sharedSecret), key, providers }
      })
      expect([one!.ciphertext, one!.made]).toEqual([two!.ciphertext, two!.made])
      const ciphertext = Buffer.from(one!.ciphertext, 'hex')
      for (const { key, providers } of [one!, two!]) {
        expect(hex(decapsulate(key, ciphertext, providers))).toBe(one!.made)
      }
      const altered = flip(ciphertext, 17)
      expect(hex(decapsulate(one!.key, altered, one!.providers))).toBe(
        hex(decapsulate(two!.key, altered, two!.providers)),
      )
    }),
    { numRuns: 10 },
  )
})

function secretOrRefusal(work: () => SecretKey): string {
  try {
    return hex(work())
  } catch (error) {
    expect(error).toBeInstanceOf(SecurityException)
    return 'refused'
  }
}
