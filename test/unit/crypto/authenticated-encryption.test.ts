import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aeadAlgorithms } from '#core/crypto/algorithms.ts'
import { openAead, sealAead } from '#core/crypto/authenticated-encryption.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { AuthenticationError, EncryptionError } from '#core/errors.ts'
import {
  bytesOf,
  expectRefused,
  flip,
  notBytes,
  providerSets,
  refusal,
  tooMuch,
} from '../../support/crypto-inputs.ts'

const algorithms = fc.constantFrom(...aeadAlgorithms)

describe.each(providerSets)('AEAD by $who', ({ providers }) => {
  it('opens what it sealed, whatever the lengths', () => {
    fc.assert(
      fc.property(
        algorithms,
        bytesOf(32),
        bytesOf(12),
        bytesOf(0, 80),
        bytesOf(0, 400),
        (name, raw, iv, data, text) => {
          const key = SecretKey.copy(raw, name)
          const { ciphertext, tag } = sealAead(key, iv, data, text, providers)
          expect(ciphertext.length).toBe(text.length)
          expect(tag.length).toBe(16)
          expect(openAead(key, iv, data, ciphertext, tag, providers).equals(text)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('refuses any altered bit of ciphertext, tag, IV, associated data and key', () => {
    const part = fc.constantFrom('ciphertext', 'tag', 'iv', 'data', 'key')
    fc.assert(
      fc.property(algorithms, bytesOf(32), bytesOf(1, 60), fc.nat(), part, (name, raw, text, bit, which) => {
        const [iv, data] = [Buffer.alloc(12, 7), Buffer.from('header')]
        const { ciphertext, tag } = sealAead(SecretKey.copy(raw, name), iv, data, text, providers)
        const given: Record<typeof which, Buffer> = { ciphertext, tag, iv, data, key: raw }
        given[which] = flip(given[which], bit)
        const error = refusal(() =>
          openAead(
            SecretKey.copy(given.key, name),
            given.iv,
            given.data,
            given.ciphertext,
            given.tag,
            providers,
          ),
        )
        expect(error).toBeInstanceOf(AuthenticationError)
        expect(error.code).toBe('authentication_failed')
      }),
      { numRuns: 200 },
    )
  })

  it('does not take what the other algorithm sealed', () => {
    const raw = Buffer.alloc(32, 1)
    const iv = Buffer.alloc(12)
    const sealed = sealAead(SecretKey.copy(raw, 'AES-256-GCM'), iv, iv, raw, providers)
    const other = SecretKey.copy(raw, 'ChaCha20-Poly1305')
    expect(refusal(() => openAead(other, iv, iv, sealed.ciphertext, sealed.tag, providers))).toBeInstanceOf(
      AuthenticationError,
    )
  })
})

it('both providers give the same bytes', () => {
  const [platform, noble] = providerSets
  fc.assert(
    fc.property(
      algorithms,
      bytesOf(32),
      bytesOf(12),
      bytesOf(0, 80),
      bytesOf(0, 300),
      (name, raw, iv, data, text) => {
        const key = SecretKey.copy(raw, name)
        const one = sealAead(key, iv, data, text, platform.providers)
        const two = sealAead(key, iv, data, text, noble.providers)
        expect(one.ciphertext.equals(two.ciphertext) && one.tag.equals(two.tag)).toBe(true)
        expect(openAead(key, iv, data, one.ciphertext, one.tag, noble.providers).equals(text)).toBe(true)
        expect(openAead(key, iv, data, two.ciphertext, two.tag, platform.providers).equals(text)).toBe(true)
      },
    ),
  )
})

describe('bad input', () => {
  const key = SecretKey.generate('AES-256-GCM', 32)
  const iv = Buffer.alloc(12)
  const none = Buffer.alloc(0)
  const { ciphertext, tag } = sealAead(key, iv, none, Buffer.from('text'))

  it('is refused at the door when sealing', () => {
    expectRefused(
      EncryptionError,
      'iv',
      [...notBytes, none, Buffer.alloc(11), Buffer.alloc(13), Buffer.alloc(16)],
      (v) => sealAead(key, v, none, none),
    )
    expectRefused(EncryptionError, 'associatedData', [...notBytes, tooMuch], (v) =>
      sealAead(key, iv, v, none),
    )
    expectRefused(EncryptionError, 'plaintext', [...notBytes, tooMuch], (v) => sealAead(key, iv, none, v))
    const others = [SecretKey.generate('HMAC-SHA256', 32), SecretKey.generate('HKDF', 32)]
    expectRefused(EncryptionError, 'key', [...notBytes, Buffer.alloc(32), ...others], (v) =>
      sealAead(v, iv, none, none),
    )
  })

  it('is refused at the door when opening', () => {
    expectRefused(EncryptionError, 'iv', [...notBytes, none, Buffer.alloc(16)], (v) =>
      openAead(key, v, none, ciphertext, tag),
    )
    expectRefused(EncryptionError, 'tag', [...notBytes, none, tag.subarray(0, 12), Buffer.alloc(17)], (v) =>
      openAead(key, iv, none, ciphertext, v),
    )
    expectRefused(EncryptionError, 'associatedData', [...notBytes, tooMuch], (v) =>
      openAead(key, iv, v, ciphertext, tag),
    )
    expectRefused(EncryptionError, 'ciphertext', [...notBytes, tooMuch], (v) =>
      openAead(key, iv, none, v, tag),
    )
  })

  it('says what was given by its length only', () => {
    const error = refusal(() => sealAead(key, Buffer.from('secret'), none, none))
    expect(error.message).toBe('iv must be a byte array of 12 bytes; given was 6 bytes.')
  })
})
