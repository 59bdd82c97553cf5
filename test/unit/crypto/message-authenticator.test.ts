import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { macAlgorithms } from '#core/crypto/algorithms.ts'
import { macKey } from '#core/crypto/mac.ts'
import { MessageAuthenticator } from '#core/crypto/message-authenticator.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { AuthenticationError } from '#core/errors.ts'
import { FakeClock } from '../../support/clock.ts'
import { bytesOf, expectRefused, flip, notBytes, refusal, tooMuch } from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

const message = Buffer.from('docking request')

describe('MACs', () => {
  it('are taken for their message and key, and for no other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...macAlgorithms),
        bytesOf(16, 64),
        bytesOf(1, 80),
        fc.nat(),
        (algorithm, raw, text, bit) => {
          const authenticator = new MessageAuthenticator()
          for (const key of [raw, macKey(raw, algorithm)]) {
            const mac = authenticator.generateMessageMac(text, key, algorithm)
            expect(authenticator.verifyMessageMac(text, mac, key)).toBe(true)
            expect(authenticator.verifyMessageMac(text, flip(mac, bit), key)).toBe(false)
            expect(authenticator.verifyMessageMac(flip(text, bit), mac, key)).toBe(false)
          }
          expect(
            authenticator.verifyMessageMac(text, authenticator.generateMessageMac(text, raw), flip(raw, bit)),
          ).toBe(false)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('made under one algorithm are not taken under another', () => {
    const raw = Buffer.alloc(32, 1)
    for (const made of macAlgorithms) {
      const mac = new MessageAuthenticator().generateMessageMac(message, raw, made)
      for (const asked of macAlgorithms) {
        const verifier = new MessageAuthenticator({ authentication_algorithm: asked })
        expect(verifier.verifyMessageMac(message, mac, Buffer.from(raw))).toBe(made === asked)
        expect(verifier.verifyMessageMac(message, mac, macKey(raw, asked))).toBe(made === asked)
      }
    }
  })

  it('bind a raw key to the first algorithm, also in a copy of it', () => {
    const authenticator = new MessageAuthenticator()
    const raw = Buffer.alloc(32, 7)
    const mac = authenticator.generateMessageMac(message, raw, 'HMAC-SHA512')
    expect(authenticator.generateMessageMac(message, Buffer.from(raw)).equals(mac)).toBe(true)
    expect(authenticator.verifyMessageMac(message, mac, Buffer.from(raw))).toBe(true)
    expectRefused(AuthenticationError, 'algorithm', ['BLAKE2b', 'HMAC-SHA256'], (v) =>
      authenticator.generateMessageMac(message, Buffer.from(raw), v),
    )
    expectRefused(AuthenticationError, 'algorithm', ['HMAC-SHA384'], (v) =>
      authenticator.generateMessageMac(message, macKey(raw, 'BLAKE2b'), v),
    )
  })

  it('refuse bad input', () => {
    const authenticator = new MessageAuthenticator()
    const key = Buffer.alloc(32)
    expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) =>
      authenticator.generateMessageMac(v, key),
    )
    expectRefused(AuthenticationError, 'message', [...notBytes, tooMuch], (v) =>
      authenticator.verifyMessageMac(v, Buffer.alloc(32), key),
    )
    expectRefused(AuthenticationError, 'mac', [...notBytes, tooMuch], (v) =>
      authenticator.verifyMessageMac(message, v, key),
    )
    const badKeys = [...notBytes, Buffer.alloc(0), Buffer.alloc(15), Buffer.alloc(1025), tooMuch]
    expectRefused(AuthenticationError, 'key', [...badKeys, SecretKey.generate('HKDF', 32)], (v) =>
      authenticator.generateMessageMac(message, v),
    )
    expectRefused(AuthenticationError, 'algorithm', ['HMAC-MD5', null, 1], (v) =>
      authenticator.generateMessageMac(message, key, v),
    )
  })
})

describe('signatures', () => {
  it.each([
    ['RSA-2048', undefined],
    ['ECDSA-P256', 'ECDSA-SHA256'],
    ['Ed25519', 'Ed25519'],
    ['ML-DSA-65', 'ML-DSA-65'],
  ] as const)('of a %s key in PEM (%s)', async (keys, algorithm) => {
    const authenticator = new MessageAuthenticator()
    const key = await keyOf(keys)
    const { pem } = key.publicKey
    const signature = authenticator.signMessage(message, key.exportPem(), algorithm)
    const named = algorithm ?? 'RSA-PSS-SHA256'
    expect(authenticator.verifySignature(message, signature, pem, named)).toBe(true)
    expect(authenticator.verifySignature(message, flip(signature, 1000), pem, named)).toBe(false)
    expect(authenticator.verifySignature(flip(message, 3), signature, pem, named)).toBe(false)
  })
})

describe('the sequence window', () => {
  it('takes every number once, whatever their order within the window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: 1 }),
        (start, offsets) => {
          const authenticator = new MessageAuthenticator({ replay_window_size: 64 })
          const numbers = [
            start + 63,
            ...offsets.filter((offset) => offset !== 63).map((offset) => start + offset),
          ]
          for (const number of numbers) expect(authenticator.updateSequenceWindow('a', number)).toBe(true)
          for (const number of numbers) expect(authenticator.updateSequenceWindow('a', number)).toBe(false)
        },
      ),
    )
  })

  it('refuses what is too old or too far ahead, and keeps senders apart', () => {
    const authenticator = new MessageAuthenticator({ replay_window_size: 64 })
    expect(authenticator.updateSequenceWindow('a', 1000)).toBe(true)
    expect(authenticator.updateSequenceWindow('a', 936)).toBe(false)
    expect(authenticator.updateSequenceWindow('a', 937)).toBe(true)
    expect(authenticator.updateSequenceWindow('a', 1_000_000)).toBe(false)
    expect(authenticator.updateSequenceWindow('b', 936)).toBe(true)
  })

  it('refuses bad input, and more senders than it can remember', () => {
    const authenticator = new MessageAuthenticator()
    expectRefused(AuthenticationError, 'sequenceNumber', [-1, 0.5, NaN, Infinity, '1', null, 2 ** 53], (v) =>
      authenticator.updateSequenceWindow('a', v),
    )
    expectRefused(AuthenticationError, 'sender', [null, 1, 'x'.repeat(129)], (v) =>
      authenticator.updateSequenceWindow(v, 1),
    )
    for (let sender = 0; sender < 4096; sender++) authenticator.updateSequenceWindow(`agent-${sender}`, 1)
    expect(refusal(() => authenticator.updateSequenceWindow('one more', 1)).code).toBe('rate_limited')
    expect(authenticator.updateSequenceWindow('agent-7', 2)).toBe(true)
  })
})

describe('freshness', () => {
  const clock = new FakeClock()
  const now = clock.now() / 1000
  const authenticator = new MessageAuthenticator({ max_message_age: 60 }, { clock })

  it('ends at the allowed age, and does not reach into the future', () => {
    expect(
      [0, 60, 60.001, -30, -30.001].map((age) => authenticator.checkMessageFreshness(now - age)),
    ).toEqual([true, true, false, true, false])
    expect(authenticator.checkMessageFreshness(now - 60, 59)).toBe(false)
  })

  it('refuses bad input', () => {
    expectRefused(AuthenticationError, 'timestamp', [NaN, Infinity, '0', null, undefined], (v) =>
      authenticator.checkMessageFreshness(v),
    )
    expectRefused(AuthenticationError, 'maxAge', [-1, 0.5, 86_401, '60', null], (v) =>
      authenticator.checkMessageFreshness(now, v),
    )
  })
})

it('refuses a configuration that it cannot honour', () => {
  expectRefused(
    AuthenticationError,
    'authentication_algorithm',
    ['HMAC-SHA1', null],
    (v) => new MessageAuthenticator({ authentication_algorithm: v }),
  )
  expectRefused(
    AuthenticationError,
    'replay_window_size',
    [63, 8193, '64'],
    (v) => new MessageAuthenticator({ replay_window_size: v }),
  )
  expectRefused(
    AuthenticationError,
    'max_message_age',
    [0, 86_401],
    (v) => new MessageAuthenticator({ max_message_age: v }),
  )
})
