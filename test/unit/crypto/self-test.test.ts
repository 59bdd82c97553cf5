import { describe, expect, it } from 'vitest'
import { aeadAlgorithms, kemAlgorithms, mlDsaAlgorithms } from '#core/crypto/algorithms.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { capabilities, createProviders } from '#core/crypto/registry.ts'
import { requireSelfTest, runSelfTest } from '#core/crypto/self-test.ts'
import { EncryptionError } from '#core/errors.ts'
import { flip, providerSets, refusal } from '../../support/crypto-inputs.ts'

const platform = createProviders()

/** What a library with a fault in one algorithm would be. */
const faults: readonly [string, Providers][] = [
  ...aeadAlgorithms.map((algorithm): [string, Providers] => {
    const whole = platform.aead[algorithm]
    const wrongTag: typeof whole = {
      ...whole,
      seal: (...given) => ({ ...whole.seal(...given), tag: Buffer.alloc(16) }),
    }
    return [algorithm, { ...platform, aead: { ...platform.aead, [algorithm]: wrongTag } }]
  }),
  ...aeadAlgorithms.map((algorithm): [string, Providers] => {
    const whole = platform.aead[algorithm]
    const blind: typeof whole = { ...whole, open: (_key, _iv, _data, ciphertext) => Buffer.from(ciphertext) }
    return [algorithm, { ...platform, aead: { ...platform.aead, [algorithm]: blind } }]
  }),
  ...kemAlgorithms.map((algorithm): [string, Providers] => {
    const whole = platform.kem[algorithm]
    const wrong: typeof whole = {
      ...whole,
      privateKey(seed) {
        const key = whole.privateKey(seed)
        return { ...key, decapsulate: (ciphertext) => flip(key.decapsulate(ciphertext), 0) }
      },
    }
    return [algorithm, { ...platform, kem: { ...platform.kem, [algorithm]: wrong } }]
  }),
  ...mlDsaAlgorithms.map((algorithm): [string, Providers] => {
    const whole = platform.mlDsa[algorithm]
    const yes: typeof whole = { ...whole, publicKey: () => ({ verify: () => true }) }
    return [algorithm, { ...platform, mlDsa: { ...platform.mlDsa, [algorithm]: yes } }]
  }),
  [
    'Argon2id',
    {
      ...platform,
      argon2id: {
        ...platform.argon2id,
        deriveNow: () => {
          throw new Error('secret of a driver')
        },
      },
    },
  ],
]

describe.each(providerSets)('the self-test of $who', ({ who, providers }) => {
  it('passes for every algorithm of the capability table', () => {
    const result = runSelfTest(providers)
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([])
    requireSelfTest(result)
    const tested = result.checks.map(({ algorithm }) => algorithm)
    for (const { algorithm } of capabilities(providers)) {
      expect(tested.some((name) => name.startsWith(algorithm))).toBe(true)
    }
    const packaged = capabilities(providers).filter(({ provider }) => provider === 'noble')
    expect(packaged.length).toBe(who === '@noble' ? 9 : 2)
  })
})

it.each(faults)('fails closed for a fault in %s, and names it', (algorithm, providers) => {
  const result = runSelfTest(providers)
  expect(result.passed).toBe(false)
  expect(result.checks.filter(({ passed }) => !passed).map((check) => check.algorithm)).toEqual([algorithm])
  const error = refusal(() => requireSelfTest(result))
  expect(error).toBeInstanceOf(EncryptionError)
  expect(error.code).toBe('encryption_failed')
  expect(error.message).toContain(algorithm)
  expect(error.message).not.toContain('secret')
})

it('says so where nothing was tested', () => {
  expect(refusal(() => requireSelfTest({ passed: false, checks: [] })).message).toContain(
    'nothing was tested',
  )
})
