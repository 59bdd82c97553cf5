import fc from 'fast-check'
import { argon2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { pbkdf2 as noblePbkdf2 } from '@noble/hashes/pbkdf2.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { hashNames } from '#core/crypto/algorithms.ts'
import { deriveArgon2id, deriveForeignPbkdf2, derivePbkdf2, hkdf } from '#core/crypto/kdf.ts'
import { EncryptionError } from '#core/errors.ts'
import {
  bytesOf,
  expectRefused,
  notBytes,
  providerSets,
  refusalOf,
  tooMuch,
} from '../../support/crypto-inputs.ts'

const others = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 } as const
const hash = fc.constantFrom(...hashNames)

describe('HKDF', () => {
  it('answers as another implementation does', () => {
    fc.assert(
      fc.property(
        hash,
        bytesOf(0, 100),
        bytesOf(0, 200),
        bytesOf(0, 200),
        fc.integer({ min: 1, max: 400 }),
        (name, secret, salt, info, length) => {
          const other = nobleHkdf(others[name], secret, salt, info, length)
          expect(hkdf(name, secret, salt, info, length).equals(other)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses bad input', () => {
    const some = Buffer.alloc(16)
    expectRefused(EncryptionError, 'sharedSecret', [...notBytes, tooMuch], (v) =>
      hkdf('SHA-256', v, some, some, 32),
    )
    expectRefused(EncryptionError, 'salt', [...notBytes, tooMuch], (v) => hkdf('SHA-256', some, v, some, 32))
    expectRefused(EncryptionError, 'info', [...notBytes, tooMuch, Buffer.alloc(1025)], (v) =>
      hkdf('SHA-256', some, some, v, 32),
    )
    expectRefused(EncryptionError, 'length', [0, 255 * 32 + 1, 1.5, null], (v) =>
      hkdf('SHA-256', some, some, some, v),
    )
    expectRefused(EncryptionError, 'hash', ['sha256', 'SHA-1', 1, 'toString'], (v) =>
      hkdf(v, some, some, some, 32),
    )
  })
})

describe('PBKDF2', () => {
  it('answers as another implementation does', async () => {
    await fc.assert(
      fc.asyncProperty(
        hash,
        bytesOf(0, 80),
        bytesOf(0, 40),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 130 }),
        async (name, password, salt, iterations, length) => {
          const own = await deriveForeignPbkdf2({ hash: name, password, salt, iterations, length })
          const other = noblePbkdf2(others[name], password, salt, { c: iterations, dkLen: length })
          expect(own.equals(other)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('is the same function with the iterations of our own keys, and refuses fewer', async () => {
    const input = {
      hash: 'SHA-256',
      password: Buffer.from('pw'),
      salt: Buffer.alloc(16),
      length: 32,
    } as const
    const many = { ...input, iterations: 100_000 }
    expect((await derivePbkdf2(many)).equals(await deriveForeignPbkdf2(many))).toBe(true)
    for (const iterations of [0, 1, 2048, 99_999, 10_000_001, 1e5 + 0.5, NaN, '100000']) {
      const error = await refusalOf(derivePbkdf2({ ...input, iterations: iterations as number }))
      expect(error.message).toMatch(/^iterations must be a whole number from 100000 to 10000000/)
    }
    for (const salt of [...notBytes, Buffer.alloc(15), tooMuch]) {
      expect((await refusalOf(derivePbkdf2({ ...many, salt: salt as Buffer }))).message).toContain('salt')
    }
    for (const length of [0, 1025, '32']) {
      expect((await refusalOf(derivePbkdf2({ ...many, length: length as number }))).message).toContain(
        'length',
      )
    }
    expect((await refusalOf(derivePbkdf2(null as never))).message).toContain('input')
    expect((await refusalOf(derivePbkdf2({ ...many, password: tooMuch }))).message).toContain('password')
  })
})

describe.each(providerSets)('Argon2id by $who', ({ providers }) => {
  it('answers as OpenSSL does', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytesOf(0, 60),
        bytesOf(8, 40),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 4, max: 80 }),
        async (message, nonce, passes, lanes, length) => {
          const cost = { memoryKiB: 64, passes, lanes }
          const own = await deriveArgon2id(message, nonce, cost, length, providers)
          const other = argon2Sync('argon2id', {
            message,
            nonce,
            parallelism: lanes,
            tagLength: length,
            memory: 64,
            passes,
          })
          expect(own.equals(other)).toBe(true)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('refuses bad input', async () => {
    const [secret, salt] = [Buffer.from('pw'), Buffer.alloc(16)]
    const cost = { memoryKiB: 64, passes: 1, lanes: 1 }
    const bad: [string, () => Promise<unknown>][] = [
      ['passphrase', () => deriveArgon2id('secret' as never, salt, cost, 32, providers)],
      ['passphrase', () => deriveArgon2id(tooMuch, salt, cost, 32, providers)],
      ['salt', () => deriveArgon2id(secret, Buffer.alloc(7), cost, 32, providers)],
      ['cost', () => deriveArgon2id(secret, salt, null as never, 32, providers)],
      ['cost.memoryKiB', () => deriveArgon2id(secret, salt, { ...cost, memoryKiB: 7 }, 32, providers)],
      ['cost.memoryKiB', () => deriveArgon2id(secret, salt, { ...cost, memoryKiB: 2 ** 31 }, 32, providers)],
      ['cost.passes', () => deriveArgon2id(secret, salt, { ...cost, passes: 0 }, 32, providers)],
      ['cost.lanes', () => deriveArgon2id(secret, salt, { ...cost, lanes: 17 }, 32, providers)],
      ['length', () => deriveArgon2id(secret, salt, cost, 3, providers)],
    ]
    for (const [parameter, work] of bad) {
      const error = await refusalOf(work())
      expect(error).toBeInstanceOf(EncryptionError)
      expect(error.message.startsWith(`${parameter} must be`)).toBe(true)
    }
  })
})
