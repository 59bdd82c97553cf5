import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProviders, platformProviders } from '#core/crypto/registry.ts'
import { createAdapters } from '../../../electron/cli/conformance/adapters.ts'
import { runFile } from '../../../electron/cli/conformance/run-file.ts'
import { readVectors, vectorFolder } from '../../support/vectors.ts'

const names = readdirSync(vectorFolder).sort()
const run = (name: string, adapters: ReturnType<typeof createAdapters>) =>
  runFile({ path: join(vectorFolder, name), name, named: true }, adapters)

/** What the engine refuses on purpose among the repository's own vectors, and nothing else. */
const skipped: Record<string, number> = {
  'aes_gcm_test.json': 2,
  'aes_wrap_test.json': 3,
  'argon2id_test.json': 1,
  'hmac_sha256_test.json': 2,
  'hmac_sha384_test.json': 2,
  'hmac_sha512_test.json': 2,
}

describe.each([
  ['the platform', createAdapters(platformProviders())],
  ['every fallback', createAdapters(createProviders({ forceNoble: true }))],
])('the vectors of the repository with %s', (_providers, adapters) => {
  // Argon2id in JavaScript takes seconds for 64 MiB on a busy machine.
  test.each(names)('%s', { timeout: 60_000 }, async (name) => {
    const vectors = readVectors(name)
    const cases = vectors.testGroups.flatMap((group) => group.tests).length
    const report = await run(name, adapters)
    expect(report).toMatchObject({ malformed: null, failures: [], counts: { cases, failed: 0 } })
    expect(report?.counts.skipped).toBe(skipped[name] ?? 0)
    expect(report?.counts.passed).toBeGreaterThan(0)
  })
})

describe('each file', () => {
  test.each(names)('%s says where it is from and counts its cases', (name) => {
    const vectors = readVectors(name) as unknown as {
      header: string[]
      numberOfTests: number
      testGroups: { source: { name: string }; tests: { tcId: number }[] }[]
    }
    expect(vectors.header.join(' ')).toMatch(/^Source: .*(RFC|NIST|FIPS)/)
    expect(vectors.testGroups.every(({ source }) => source.name !== '')).toBe(true)
    const ids = vectors.testGroups.flatMap(({ tests }) => tests.map(({ tcId }) => tcId))
    expect(ids).toEqual(Array.from({ length: vectors.numberOfTests }, (_, index) => index + 1))
  })
})
