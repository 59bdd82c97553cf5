import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { macAlgorithms } from '#core/crypto/algorithms.ts'
import { computeMac, macBytes, macKey, verifyMac } from '#core/crypto/mac.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { AuthenticationError, KeyManagementError } from '#core/errors.ts'
import { bytesOf, expectRefused, flip, notBytes, tooMuch } from '../../support/crypto-inputs.ts'

const algorithms = fc.constantFrom(...macAlgorithms)

describe('MAC', () => {
  it('is taken for its message, and for no other', () => {
    fc.assert(
      fc.property(algorithms, bytesOf(16, 64), bytesOf(1, 300), fc.nat(), (algorithm, raw, message, bit) => {
        const key = macKey(raw, algorithm)
        const mac = computeMac(key, message)
        expect(mac.length).toBe(macBytes[algorithm])
        expect(verifyMac(key, message, mac)).toBe(true)
        expect(verifyMac(key, message, flip(mac, bit))).toBe(false)
        expect(verifyMac(key, flip(message, bit), mac)).toBe(false)
        expect(verifyMac(macKey(flip(raw, bit), algorithm), message, mac)).toBe(false)
      }),
      { numRuns: 150 },
    )
  })

  it('is not taken where it was cut or lengthened', () => {
    fc.assert(
      fc.property(algorithms, fc.integer({ min: 0, max: 100 }), (algorithm, length) => {
        const key = macKey(Buffer.alloc(32, 1), algorithm)
        const mac = Buffer.concat([computeMac(key, Buffer.from('m')), Buffer.alloc(40)]).subarray(0, length)
        expect(verifyMac(key, Buffer.from('m'), mac)).toBe(length === macBytes[algorithm])
      }),
    )
  })

  it('of one algorithm is not taken under another with the same key bytes', () => {
    const raw = Buffer.alloc(32, 1)
    const message = Buffer.from('message')
    for (const made of macAlgorithms) {
      for (const asked of macAlgorithms) {
        const mac = computeMac(macKey(raw, made), message)
        expect(verifyMac(macKey(raw, asked), message, mac)).toBe(made === asked)
      }
    }
  })

  it('refuses bad input', () => {
    const key = macKey(Buffer.alloc(32), 'BLAKE2b')
    for (const own of [key, macKey(Buffer.alloc(32), 'HMAC-SHA384')]) {
      expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) => computeMac(own, v))
      expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) =>
        verifyMac(own, v, Buffer.alloc(64)),
      )
      expectRefused(AuthenticationError, 'mac', [...notBytes, tooMuch], (v) =>
        verifyMac(own, Buffer.alloc(1), v),
      )
    }
    const others = [...notBytes, Buffer.alloc(32), SecretKey.generate('AES-256-GCM', 32)]
    expectRefused(AuthenticationError, 'key', others, (v) => computeMac(v, Buffer.alloc(1)))
    expectRefused(AuthenticationError, 'algorithm', ['HMAC-SHA1', 'AES-256-GCM', null], (v) =>
      macKey(Buffer.alloc(32), v),
    )
    expectRefused(
      KeyManagementError,
      'bytes',
      [...notBytes, Buffer.alloc(0), Buffer.alloc(15), tooMuch],
      (v) => macKey(v, 'HMAC-SHA256'),
    )
    expectRefused(KeyManagementError, 'bytes', [Buffer.alloc(65)], (v) => macKey(v, 'BLAKE2b'))
  })
})
