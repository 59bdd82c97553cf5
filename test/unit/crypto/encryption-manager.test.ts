import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aeadAlgorithms, hashes, hashNames } from '#core/crypto/algorithms.ts'
import { AdvancedEncryptionManager } from '#core/crypto/encryption-manager.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { AuthenticationError, EncryptionError, KeyManagementError } from '#core/errors.ts'
import {
  bytesOf,
  expectRefused,
  flip,
  notBytes,
  providerSets,
  refusal,
  refusalOf,
  tooMuch,
} from '../../support/crypto-inputs.ts'

const pair = ['chaser-001', 'target-station'] as const
const hex = (key: SecretKey): string => key.use((bytes) => Buffer.from(bytes).toString('hex'))

describe.each(providerSets)('AdvancedEncryptionManager on $who', ({ providers }) => {
  it('decrypts what it encrypted, by the configured algorithm', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...aeadAlgorithms),
        bytesOf(0, 200),
        bytesOf(0, 40),
        (algorithm, text, data) => {
          const manager = new AdvancedEncryptionManager({ encryption_algorithm: algorithm }, { providers })
          const key = manager.generateSessionKey(pair)
          expect(key.algorithm).toBe(algorithm)
          const [ciphertext, iv, tag] = manager.encryptWithAead(text, key, data)
          expect([iv.length, tag.length, ciphertext.length]).toEqual([12, 16, text.length])
          expect(manager.decryptWithAead(ciphertext, key, iv, tag, data).equals(text)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses any altered bit', () => {
    const manager = new AdvancedEncryptionManager({}, { providers })
    const key = manager.generateSessionKey(pair)
    const data = Buffer.from('header')
    fc.assert(
      fc.property(bytesOf(1, 50), fc.nat(), fc.nat(3), (text, bit, which) => {
        const [ciphertext, iv, tag] = manager.encryptWithAead(text, key, data)
        const given = [ciphertext, iv, tag, data]
        given[which] = flip(given[which]!, bit)
        const error = refusal(() => manager.decryptWithAead(given[0]!, key, given[1]!, given[2]!, given[3]))
        expect(error).toBeInstanceOf(AuthenticationError)
      }),
      { numRuns: 60 },
    )
  })
})

describe('keys', () => {
  it('are new each time, 32 bytes, and long-term ones as long as configured', () => {
    for (const bits of [256, 512] as const) {
      const manager = new AdvancedEncryptionManager({ master_key_length: bits })
      expect(manager.generateSessionKey(pair, 'long_term').length).toBe(bits / 8)
      expect(manager.generateSessionKey(pair, 'ephemeral').length).toBe(32)
      expect(hex(manager.generateSessionKey(pair))).not.toBe(hex(manager.generateSessionKey(pair)))
    }
  })

  it('that are long-term encrypt nothing themselves; session keys are derived from them', () => {
    const manager = new AdvancedEncryptionManager({ master_key_length: 512 })
    const master = manager.generateSessionKey(pair, 'long_term')
    expectRefused(EncryptionError, 'key', [master], (key) => manager.encryptWithAead(Buffer.alloc(1), key))
    const derived = manager.deriveKeyFromSharedSecret(master, Buffer.alloc(32), 'session 1')
    expect(derived.algorithm).toBe('AES-256-GCM')
    expect(manager.encryptWithAead(Buffer.alloc(1), derived)).toHaveLength(3)
  })

  it('may be raw bytes, which the caller keeps, and are the same as a SecretKey of them', () => {
    const manager = new AdvancedEncryptionManager()
    const raw = Buffer.alloc(32, 9)
    const [ciphertext, iv, tag] = manager.encryptWithAead(Buffer.from('text'), raw)
    expect(raw.equals(Buffer.alloc(32, 9))).toBe(true)
    const key = SecretKey.copy(raw, 'AES-256-GCM')
    expect(manager.decryptWithAead(ciphertext, key, iv, tag).toString()).toBe('text')
  })

  it('never see an IV twice', () => {
    const manager = new AdvancedEncryptionManager()
    const key = manager.generateSessionKey(pair)
    const ivs = Array.from({ length: 1000 }, () =>
      manager.encryptWithAead(Buffer.alloc(0), key)[1].toString('hex'),
    )
    expect(new Set(ivs).size).toBe(1000)
  })

  it('that were destroyed are refused', () => {
    const manager = new AdvancedEncryptionManager()
    const key = manager.generateSessionKey(pair)
    key.zeroise()
    expect(refusal(() => manager.encryptWithAead(Buffer.alloc(1), key))).toBeInstanceOf(KeyManagementError)
  })

  it('come from the random source that was given', () => {
    const random = { bytes: (length: number) => Buffer.alloc(length, 3) }
    const manager = new AdvancedEncryptionManager({}, { random })
    expect(hex(manager.generateSessionKey(pair))).toBe('03'.repeat(32))
    expect(manager.encryptWithAead(Buffer.alloc(1), Buffer.alloc(32))[1].toString('hex')).toBe(
      '03'.repeat(12),
    )
  })
})

describe('derivation', () => {
  const manager = new AdvancedEncryptionManager()

  it('gives a key of the configured algorithm at 32 bytes, and one to derive from at other lengths', () => {
    const secret = Buffer.alloc(32, 1)
    expect(manager.deriveKeyFromSharedSecret(secret, secret, '').algorithm).toBe('AES-256-GCM')
    const longer = manager.deriveKeyFromSharedSecret(secret, secret, '', { length: 64 })
    expect([longer.algorithm, longer.length]).toEqual(['HKDF', 64])
  })

  it('differs for every input, and is the same for the same ones', () => {
    fc.assert(
      fc.property(
        bytesOf(16, 64),
        bytesOf(0, 32),
        fc.string({ maxLength: 30 }),
        fc.constantFrom(...hashNames),
        fc.integer({ min: 1, max: 300 }),
        (secret, salt, info, hash, length) => {
          const derive = (from: Buffer, about: string): string =>
            hex(manager.deriveKeyFromSharedSecret(from, salt, about, { hash, length: Math.max(length, 16) }))
          expect(derive(secret, info)).toBe(derive(secret, info))
          expect(derive(flip(secret, length), info)).not.toBe(derive(secret, info))
          expect(derive(secret, `${info}x`)).not.toBe(derive(secret, info))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses bad input', () => {
    const secret = Buffer.alloc(32)
    const salt = Buffer.alloc(32)
    expectRefused(
      EncryptionError,
      'sharedSecret',
      [...notBytes, Buffer.alloc(0), Buffer.alloc(15), tooMuch],
      (v) => manager.deriveKeyFromSharedSecret(v, salt, ''),
    )
    expectRefused(EncryptionError, 'sharedSecret', [SecretKey.generate('AES-256-GCM', 32)], (v) =>
      manager.deriveKeyFromSharedSecret(v, salt, ''),
    )
    expectRefused(EncryptionError, 'salt', [...notBytes, tooMuch], (v) =>
      manager.deriveKeyFromSharedSecret(secret, v, ''),
    )
    expectRefused(EncryptionError, 'info', [null, 1, Buffer.alloc(1), 'x'.repeat(1025)], (v) =>
      manager.deriveKeyFromSharedSecret(secret, salt, v),
    )
    for (const hash of hashNames) {
      const most = 255 * hashes[hash].bytes
      expectRefused(EncryptionError, 'length', [0, -1, 1.5, most + 1, '32'], (length) =>
        manager.deriveKeyFromSharedSecret(secret, salt, '', { hash, length }),
      )
      expect(manager.deriveKeyFromSharedSecret(secret, salt, '', { hash, length: most }).length).toBe(most)
    }
    expectRefused(EncryptionError, 'hash', ['SHA-1', 'md5', null], (hash) =>
      manager.deriveKeyFromSharedSecret(secret, salt, '', { hash }),
    )
    expectRefused(EncryptionError, 'options', [null, 'secret'], (v) =>
      manager.deriveKeyFromSharedSecret(secret, salt, '', v),
    )
  })

  it('stretches passwords and passphrases into keys that work', async () => {
    const salt = Buffer.alloc(16, 1)
    const cost = { memoryKiB: 64, passes: 1, lanes: 1 }
    const keys = [
      await manager.deriveKeyFromPassword(Buffer.from('correct horse'), salt),
      await manager.deriveKeyFromPassphrase(Buffer.from('correct horse'), salt, cost),
    ]
    expect(hex(keys[0]!)).not.toBe(hex(keys[1]!))
    for (const key of keys) {
      const [ciphertext, iv, tag] = manager.encryptWithAead(Buffer.from('text'), key)
      expect(manager.decryptWithAead(ciphertext, key, iv, tag).toString()).toBe('text')
    }
  })

  it('refuses a bad password or salt', async () => {
    for (const bad of [...notBytes, Buffer.alloc(0), Buffer.alloc(7)]) {
      const one = await refusalOf(manager.deriveKeyFromPassword(Buffer.from('pw'), bad as never))
      const two = await refusalOf(manager.deriveKeyFromPassphrase(Buffer.from('pw'), bad as never))
      expect([one.code, two.code]).toEqual(['invalid_input', 'invalid_input'])
      expect(one.message).toContain('salt')
      expect(two.message).toContain('salt')
    }
    const error = await refusalOf(manager.deriveKeyFromPassword('secret' as never, Buffer.alloc(16)))
    expect(error.message).toBe(
      'password must be a byte array of 0 to 67108864 (64 MiB) bytes; given was text of 6 characters.',
    )
  })
})

it('refuses a configuration that it cannot honour', () => {
  expectRefused(
    EncryptionError,
    'encryption_algorithm',
    ['AES-128-GCM', 'aes-256-gcm', 5],
    (v) => new AdvancedEncryptionManager({ encryption_algorithm: v }),
  )
  expectRefused(
    EncryptionError,
    'master_key_length',
    [128, '256', null, 257],
    (v) => new AdvancedEncryptionManager({ master_key_length: v }),
  )
  expectRefused(
    EncryptionError,
    'key_derivation_iterations',
    [1, 99_999, 1e9, '100000', 100_000.5],
    (v) => new AdvancedEncryptionManager({ key_derivation_iterations: v }),
  )
})

it('refuses bad arguments of its other functions', () => {
  const manager = new AdvancedEncryptionManager()
  const badPairs = [null, undefined, 'ab', [], ['a'], ['a', 'a'], ['a', ''], ['a', 'b', 'c'], [1, 2]]
  expectRefused(EncryptionError, 'agentPair', badPairs, (v) => manager.generateSessionKey(v))
  expectRefused(EncryptionError, 'keyType', ['long-term', '', null, 7], (v) =>
    manager.generateSessionKey(pair, v),
  )
  const badKeys = [...notBytes, Buffer.alloc(0), Buffer.alloc(16), Buffer.alloc(31), Buffer.alloc(33)]
  expectRefused(EncryptionError, 'key', badKeys, (v) => manager.encryptWithAead(Buffer.alloc(1), v))
  expectRefused(EncryptionError, 'key', badKeys, (v) =>
    manager.decryptWithAead(Buffer.alloc(1), v, Buffer.alloc(12), Buffer.alloc(16)),
  )
  expectRefused(EncryptionError, 'plaintext', [...notBytes, tooMuch], (v) =>
    manager.encryptWithAead(v, Buffer.alloc(32)),
  )
})
