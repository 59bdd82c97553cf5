import { z } from 'zod'
import type { HashName } from '#core/crypto/algorithms.ts'
import { deriveArgon2id, deriveForeignPbkdf2, hkdf as deriveHkdf } from '#core/crypto/kdf.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes, Refusal } from '../case.ts'
import { engineHash } from '../hash-name.ts'

const HkdfGroup = z.object({
  tests: z.array(Test.extend({ ikm: Hex, salt: Hex, info: Hex, size: z.number().int(), okm: Hex })),
})

/** hkdf_test_schema. */
export const hkdf: Adapter = adapter(HkdfGroup, (_group, algorithm) => {
  const hash = hashAfter('HKDF', algorithm)
  if (hash === null) return `the engine has no ${algorithm}`
  return {
    run: ({ ikm, salt, info, size, okm }) =>
      expectBytes('the key', deriveHkdf(hash, ikm, salt, info, size), okm),
  }
})

const PbkdfGroup = z.object({
  tests: z.array(
    Test.extend({
      password: Hex,
      salt: Hex,
      iterationCount: z.number().int(),
      dkLen: z.number().int(),
      dk: Hex,
    }),
  ),
})

/**
 * pbkdf_test_schema, through the function that reads foreign key files: for keys of its own the engine refuses fewer
 * than 100,000 iterations, and nearly every public vector has fewer.
 */
export const pbkdf2: Adapter = adapter(PbkdfGroup, (_group, algorithm) => {
  const hash = hashAfter('PBKDF2-HMAC', algorithm)
  if (hash === null) return `the engine has no ${algorithm}`
  return {
    async run({ password, salt, iterationCount, dkLen, dk }) {
      const input = { hash, password, salt, iterations: iterationCount, length: dkLen }
      expectBytes('the key', await deriveForeignPbkdf2(input), dk)
    },
  }
})

const Argon2Group = z.object({
  tests: z.array(
    Test.extend({
      password: Hex,
      salt: Hex,
      secret: Hex.optional(),
      aad: Hex.optional(),
      memoryKiB: z.number().int(),
      passes: z.number().int(),
      lanes: z.number().int(),
      dkLen: z.number().int(),
      dk: Hex,
    }),
  ),
})

/** argon2_test_schema: this repository's own, because the public collection has none. */
export const argon2 = (providers: Providers): Adapter =>
  adapter(Argon2Group, (_group, algorithm) => {
    if (algorithm !== 'Argon2id') return `the engine has no ${algorithm}`
    return {
      excuse: ({ secret, aad }) =>
        secret === undefined && aad === undefined
          ? null
          : 'the engine takes neither a secret nor associated data for Argon2id',
      async run({ password, salt, secret, aad, memoryKiB, passes, lanes, dkLen, dk }) {
        if (secret !== undefined || aad !== undefined) throw new Refusal('there is no such parameter')
        const cost = { memoryKiB, passes, lanes }
        expectBytes('the key', await deriveArgon2id(password, salt, cost, dkLen, providers), dk)
      },
    }
  })

const hashAfter = (prefix: string, algorithm: string): HashName | null =>
  algorithm.startsWith(prefix) ? engineHash(algorithm.slice(prefix.length)) : null
