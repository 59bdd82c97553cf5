import fc from 'fast-check'
import { createCipheriv } from 'node:crypto'
import { expect, it } from 'vitest'
import { keyWrapModes, unwrapKeyBytes, wrapKeyBytes } from '#core/crypto/key-wrap.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { AuthenticationError, EncryptionError } from '#core/errors.ts'
import { bytesOf, expectRefused, flip, notBytes, refusal, tooMuch } from '../../support/crypto-inputs.ts'

const modes = fc.constantFrom(...keyWrapModes)
const keyOf = (raw: Buffer): SecretKey => SecretKey.copy(raw, 'AES-256-KW')
const kwLength = fc.integer({ min: 2, max: 12 }).map((blocks) => blocks * 8)

it('wraps as OpenSSL does, and unwraps what it wrapped', () => {
  const lengths = fc.oneof(
    kwLength.map((length) => ({ mode: 'KW' as const, length })),
    fc.integer({ min: 1, max: 90 }).map((length) => ({ mode: 'KWP' as const, length })),
  )
  fc.assert(
    fc.property(bytesOf(32), bytesOf(96), lengths, (raw, material, { mode, length }) => {
      const secret = material.subarray(0, length)
      const wrapped = wrapKeyBytes(keyOf(raw), secret, mode)
      const [name, iv] =
        mode === 'KW' ? ['id-aes256-wrap', 'a6'.repeat(8)] : ['id-aes256-wrap-pad', 'a65959a6']
      const other = createCipheriv(name, raw, Buffer.from(iv, 'hex'))
      expect(wrapped.equals(Buffer.concat([other.update(secret), other.final()]))).toBe(true)
      expect(unwrapKeyBytes(keyOf(raw), wrapped, mode).equals(secret)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

it('refuses any altered bit, another key and another mode', () => {
  fc.assert(
    fc.property(bytesOf(32), bytesOf(32), modes, fc.nat(), (raw, secret, mode, bit) => {
      const wrapped = wrapKeyBytes(keyOf(raw), secret, mode)
      const attempts = [
        () => unwrapKeyBytes(keyOf(raw), flip(wrapped, bit), mode),
        () => unwrapKeyBytes(keyOf(flip(raw, bit)), wrapped, mode),
        () => unwrapKeyBytes(keyOf(raw), wrapped, mode === 'KW' ? 'KWP' : 'KW'),
        () => unwrapKeyBytes(keyOf(raw), wrapped.subarray(0, bit % wrapped.length), mode),
      ]
      for (const attempt of attempts) expect(refusal(attempt)).toBeInstanceOf(AuthenticationError)
    }),
    { numRuns: 60 },
  )
})

it('refuses bad input', () => {
  const key = keyOf(Buffer.alloc(32))
  const lengths = [Buffer.alloc(0), Buffer.alloc(8), Buffer.alloc(17), Buffer.alloc(65_544)]
  expectRefused(EncryptionError, 'bytes', [...notBytes, ...lengths, tooMuch], (v) => wrapKeyBytes(key, v))
  expectRefused(EncryptionError, 'bytes', [...notBytes, Buffer.alloc(0), tooMuch], (v) =>
    wrapKeyBytes(key, v, 'KWP'),
  )
  expectRefused(EncryptionError, 'wrapped', [...notBytes, tooMuch], (v) => unwrapKeyBytes(key, v))
  const others = [...notBytes, Buffer.alloc(32), SecretKey.generate('AES-256-GCM', 32)]
  expectRefused(EncryptionError, 'wrappingKey', others, (v) => wrapKeyBytes(v, Buffer.alloc(16)))
  expectRefused(EncryptionError, 'wrappingKey', others, (v) => unwrapKeyBytes(v, Buffer.alloc(24)))
  expectRefused(EncryptionError, 'mode', ['kw', null, 'KWX'], (v) => wrapKeyBytes(key, Buffer.alloc(16), v))
  key.zeroise()
  expect(refusal(() => unwrapKeyBytes(key, Buffer.alloc(24))).code).toBe('conflict')
})
