import { inspect } from 'node:util'
import { serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secretAlgorithms, secretLengths } from '#core/crypto/algorithms.ts'
import { SecretKey, secureKeyDestruction } from '#core/crypto/secret-key.ts'
import { KeyManagementError } from '#core/errors.ts'
import { bytesOf, expectRefused, notBytes, refusal } from '../../support/crypto-inputs.ts'

const filled = (length: number): Buffer => Buffer.alloc(length, 0xa5)

describe('SecretKey', () => {
  it('takes the buffer over without a copy, and zeroise leaves nothing in it', () => {
    const bytes = Buffer.allocUnsafeSlow(32).fill(0xa5)
    const key = SecretKey.take(bytes, 'AES-256-GCM')
    expect(key.use((own) => own === bytes)).toBe(true)
    key.zeroise()
    expect(bytes.equals(Buffer.alloc(32))).toBe(true)
    expect(key.destroyed).toBe(true)
  })

  it('moves bytes out of memory that is shared with others, and overwrites them there', () => {
    const pool = Buffer.alloc(96, 0xa5)
    const key = SecretKey.take(pool.subarray(32, 64), 'AES-256-GCM')
    expect(pool.subarray(32, 64).equals(Buffer.alloc(32))).toBe(true)
    expect(pool.subarray(0, 32).equals(filled(32))).toBe(true)
    key.use((own) => {
      expect(own.buffer.byteLength).toBe(32)
      expect(Buffer.from(own).equals(filled(32))).toBe(true)
    })
  })

  it('copies where the caller keeps the bytes', () => {
    const bytes = filled(32)
    SecretKey.copy(bytes, 'HKDF').zeroise()
    expect(bytes.equals(filled(32))).toBe(true)
  })

  it('refuses every use after it was destroyed', () => {
    const key = SecretKey.generate('HMAC-SHA256', 32)
    expect(key.keyObject.symmetricKeySize).toBe(32)
    secureKeyDestruction(key)
    secureKeyDestruction(key)
    for (const use of [() => key.use(() => 1), () => key.keyObject, () => key.copyAs('HKDF')]) {
      const error = refusal(use)
      expect(error).toBeInstanceOf(KeyManagementError)
      expect(error.code).toBe('conflict')
    }
  })

  it('is never printed and never serialised', () => {
    const key = SecretKey.take(Buffer.from('0123456789abcdef0123456789abcdef'), 'AES-256-GCM')
    const shown = [
      String(key),
      JSON.stringify({ key }),
      inspect(key),
      inspect({ key }, { showHidden: true, depth: 9 }),
      serialize({ key }).toString('latin1'),
    ]
    for (const text of shown) expect(text).not.toMatch(/0123|30313233|48, ?49/)
    expect(shown[0]).toBe('[SecretKey AES-256-GCM]')
  })

  it('has the key object made once', () => {
    const key = SecretKey.generate('AES-256-GCM', 32)
    expect(key.keyObject).toBe(key.keyObject)
  })

  it('draws different keys', () => {
    const keys = Array.from({ length: 50 }, () =>
      SecretKey.generate('AES-256-GCM', 32).use((bytes) => Buffer.from(bytes).toString('hex')),
    )
    expect(new Set(keys).size).toBe(50)
  })

  it('refuses wrong lengths for every algorithm', () => {
    fc.assert(
      fc.property(fc.constantFrom(...secretAlgorithms), bytesOf(0, 80), (algorithm, bytes) => {
        const { min, max } = secretLengths[algorithm]
        const fits = bytes.length >= min && bytes.length <= max
        if (fits) {
          expect(SecretKey.copy(bytes, algorithm).length).toBe(bytes.length)
        } else {
          expectRefused(KeyManagementError, algorithm, [bytes], (value) => SecretKey.copy(value, algorithm))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('refuses what is no key', () => {
    expectRefused(KeyManagementError, 'bytes', notBytes, (value) => SecretKey.take(value, 'AES-256-GCM'))
    expectRefused(KeyManagementError, 'algorithm', [null, 'AES-128-GCM', '__proto__'], (value) =>
      SecretKey.take(filled(32), value),
    )
    expectRefused(KeyManagementError, 'length', [16, 31.5, NaN, '32', -1], (value) =>
      SecretKey.generate('AES-256-GCM', value),
    )
    expectRefused(KeyManagementError, 'length', [0, 15], (value) => SecretKey.generate('HKDF', value))
  })
})

describe('secureKeyDestruction', () => {
  it('overwrites raw bytes where they are', () => {
    const bytes = filled(64)
    secureKeyDestruction(bytes.subarray(8, 16))
    expect(bytes.subarray(8, 16).equals(Buffer.alloc(8))).toBe(true)
    expect(bytes[7]).toBe(0xa5)
    expect(bytes[16]).toBe(0xa5)
  })

  it('refuses what it cannot overwrite instead of pretending', () => {
    expectRefused(KeyManagementError, 'material', ['secret', null, {}, 5], (value) =>
      secureKeyDestruction(value),
    )
  })
})
