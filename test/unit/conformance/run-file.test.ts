import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { platformProviders } from '#core/crypto/registry.ts'
import { createAdapters } from '../../../electron/cli/conformance/adapters.ts'
import { findFiles } from '../../../electron/cli/conformance/find-files.ts'
import { runFile } from '../../../electron/cli/conformance/run-file.ts'
import { maxFileBytes } from '../../../electron/cli/conformance/vector-file.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { firstCase, readVectors, type Vectors, vectorFile } from '../../support/vectors.ts'

const adapters = createAdapters(platformProviders())
const run = async (content: unknown) => {
  const report = await runFile({ path: vectorFile(content), name: 'x', named: true }, adapters)
  if (report === null) throw new Error('The file was passed over.')
  return report
}
const changed = (name: string, change: (vectors: Vectors) => void): Vectors => {
  const vectors = readVectors(name)
  change(vectors)
  return vectors
}

describe('a wrong vector is found', () => {
  test.each([
    ['aes_gcm_test.json', 'tag'],
    ['chacha20_poly1305_test.json', 'ct'],
    ['hkdf_sha384_test.json', 'okm'],
    ['hmac_sha512_test.json', 'tag'],
    ['blake2b_test.json', 'tag'],
    ['ecdh_secp256r1_ecpoint_test.json', 'shared'],
    ['ecdh_secp384r1_test.json', 'shared'],
    ['ecdh_secp256r1_pem_test.json', 'shared'],
    ['ecdh_secp384r1_webcrypto_test.json', 'shared'],
    ['x25519_test.json', 'shared'],
    ['x25519_asn_test.json', 'shared'],
    ['x25519_pem_test.json', 'shared'],
    ['x25519_jwk_test.json', 'shared'],
    ['ecdsa_secp256r1_sha256_test.json', 'sig'],
    ['ecdsa_secp384r1_sha384_p1363_test.json', 'sig'],
    ['ed25519_test.json', 'sig'],
    ['rsa_pss_2048_sha256_mgf1_test.json', 'sig'],
    ['rsa_oaep_2048_sha256_mgf1sha256_test.json', 'msg'],
    ['mlkem_768_keygen_seed_test.json', 'dk'],
    ['mlkem_768_keygen_seed_test.json', 'ek'],
    ['mlkem_1024_encaps_test.json', 'K'],
    ['mlkem_768_test.json', 'K'],
    ['mldsa_65_verify_test.json', 'sig'],
    ['mldsa_65_sign_seed_test.json', 'sig'],
    ['pbes2_hmacsha256_aes_256_test.json', 'ct'],
    ['pbkdf2_hmacsha256_test.json', 'dk'],
    ['argon2id_test.json', 'dk'],
  ])('%s, %s', async (name, member) => {
    const report = await run(
      changed(name, (vectors) => {
        const first = firstCase(vectors)
        first[member] = flipLastBit(String(first[member]))
      }),
    )
    expect(report.counts.failed).toBe(1)
    expect(report.failures).toMatchObject([{ id: 1 }])
    expect(report.failures[0]?.why).not.toContain('crash')
  })

  test('a valid case that the file calls invalid', async () => {
    const vectors = changed('aes_gcm_test.json', (all) => (firstCase(all).result = 'invalid'))
    expect((await run(vectors)).failures).toMatchObject([
      { id: 1, why: 'the engine accepted an input that is invalid' },
    ])
  })

  test('of many only the first hundred are kept, and all are counted', async () => {
    const vectors = changed('hkdf_sha256_test.json', (all) => {
      const wrong = { ...firstCase(all), okm: '00'.repeat(42) }
      all.testGroups = [
        { ...all.testGroups[0], tests: Array.from({ length: 150 }, (_, tcId) => ({ ...wrong, tcId })) },
      ]
    })
    const report = await run(vectors)
    expect(report.counts.failed).toBe(150)
    expect(report.failures).toHaveLength(100)
  })
})

describe('what the public collection holds beside', () => {
  test('schemas named with and without _v1, fields nobody knows, and no source', async () => {
    const vectors = changed('x25519_asn_test.json', (all) => {
      all.schema = 'xdh_asn_comp_schema.json'
      all['generatorVersion'] = '0.9rc5'
      for (const group of all.testGroups) {
        delete group['source']
        group['surprise'] = 1
        for (const test of group.tests) test['surprise'] = 1
      }
    })
    expect(await run(vectors)).toMatchObject({ malformed: null, counts: { passed: 4, failed: 0 } })
  })

  test.each([
    ['aead_test_schema_v1.json', 'AES-CCM', 'the engine has no AES-CCM'],
    ['mac_test_schema_v1.json', 'AES-CMAC', 'the engine has no AES-CMAC'],
    ['fpe_list_test_schema.json', 'AES-FF1', 'the engine has no function for fpe_list_test_schema.json'],
    [
      'mldsa_sign_noseed_schema.json',
      'ML-DSA-65',
      'the engine takes private keys of ML-KEM and ML-DSA as seeds only',
    ],
  ])('%s of %s is skipped whole', async (schema, algorithm, why) => {
    const vectors = changed(
      algorithm === 'AES-CMAC' ? 'hmac_sha256_test.json' : 'aes_gcm_test.json',
      (all) => {
        all.schema = schema
        all.algorithm = algorithm
      },
    )
    const cases = vectors.testGroups.flatMap((group) => group.tests).length
    expect(await run(vectors)).toMatchObject({
      counts: { cases, skipped: cases, failed: 0 },
      skips: { [why]: cases },
    })
  })

  test.each([
    ['ecdh_secp256r1_ecpoint_test.json', { curve: 'secp521r1' }, 'the engine has no curve secp521r1'],
    ['ecdsa_secp256r1_sha256_test.json', { sha: 'SHA3-256' }, 'the engine has no ECDSA with SHA3-256'],
    [
      'ecdsa_secp256r1_sha256_test.json',
      { publicKey: { curve: 'secp256k1' } },
      'the engine has no curve secp256k1',
    ],
    ['ed25519_test.json', { publicKey: { curve: 'edwards448' } }, 'the engine has no curve edwards448'],
    ['x25519_test.json', { curve: 'curve448' }, 'the engine has no curve curve448'],
    ['rsa_pss_2048_sha384_mgf1_test.json', { sha: 'SHA-1' }, 'the engine has no RSA-PSS with SHA-1'],
    [
      'rsa_oaep_2048_sha384_mgf1sha384_test.json',
      { mgfSha: 'SHA-1' },
      'the engine has no RSA-OAEP with SHA-384 and MGF1 of SHA-1',
    ],
    ['mlkem_768_test.json', { parameterSet: 'ML-KEM-512' }, 'the engine has no ML-KEM-512'],
  ])('%s with %j is skipped with the reason', async (name, members, why) => {
    const vectors = changed(name, (all) => {
      all.testGroups = all.testGroups.slice(0, 1).map((group) => ({ ...group, ...members }))
    })
    expect(Object.keys((await run(vectors)).skips)).toEqual([why])
  })

  test('ECDH keys that name another curve are refused, not mixed', async () => {
    const vectors = changed('ecdh_secp256r1_pem_test.json', (all) => {
      const other = readVectors('ecdh_secp384r1_pem_test.json').testGroups[0]?.tests ?? []
      all.testGroups = [
        { ...all.testGroups[0], tests: other.map((each) => ({ ...each, result: 'invalid' })) },
      ]
    })
    const report = await run(vectors)
    expect(report.counts).toMatchObject({ passed: report.counts.cases, failed: 0 })
  })

  test('an ML-KEM key is refused for itself where the message has a wrong length', async () => {
    const vectors = changed('mlkem_768_encaps_test.json', (all) => {
      for (const group of all.testGroups)
        for (const test of group.tests) {
          test['m'] = '42'.repeat(64)
          test.result = 'invalid'
        }
    })
    // Five keys are good, so calling them invalid is a failure; the two bad ones are refused.
    expect((await run(vectors)).counts).toMatchObject({ passed: 2, failed: 5 })
  })
})

describe('a file that is malformed', () => {
  test.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is not a test-vector file: it has no testGroups'],
    [{ testGroups: [] }, 'schema: Invalid input: expected string, received undefined'],
    [{ schema: 'x.json', testGroups: {} }, 'testGroups: Invalid input: expected array, received object'],
  ])('%j: %s', async (content, malformed) => {
    expect(await run(content)).toMatchObject({ malformed, counts: { cases: 0 } })
  })

  test('is told with the place, and what ran before it counts', async () => {
    const vectors = changed('aes_gcm_test.json', (all) => {
      const last = all.testGroups[1]?.tests[0]
      if (last !== undefined) last['iv'] = 'zz'
    })
    expect(await run(vectors)).toMatchObject({
      malformed: 'testGroups.1.tests.0.iv: an even number of hexadecimal digits',
      counts: { passed: 11 },
    })
  })

  test('is bounded', async () => {
    const report = await run(' '.repeat(maxFileBytes + 1))
    expect(report.malformed).toBe('it is larger than 64 MiB')
  })

  test('that is not there is told without its place', async () => {
    const path = join(temporaryFolder(), 'gone.json')
    expect(await runFile({ path, name: 'gone.json', named: true }, adapters)).toMatchObject({
      malformed: 'it cannot be read (ENOENT)',
    })
  })

  test('in a folder, JSON that is something else is passed over', async () => {
    expect(await runFile({ path: vectorFile('{}'), name: 'x', named: false }, adapters)).toBeNull()
  })
})

describe('finding files', () => {
  test('takes files by name, and every .json below a folder in order', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'b'))
    mkdirSync(join(folder, '.git'))
    for (const name of ['c.json', 'a.json', 'b/d.json', 'b/readme.md', '.git/e.json'])
      writeFileSync(join(folder, name), '{}')
    expect(findFiles([folder]).map(({ name }) => name)).toEqual(['a.json', join('b', 'd.json'), 'c.json'])
    expect(findFiles([join(folder, 'b', 'readme.md')])).toMatchObject([{ name: 'readme.md', named: true }])
    expect(() => findFiles([join(folder, 'nothing')])).toThrow(/There is no file or folder/)
  })
})

function flipLastBit(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
  return bytes.toString('hex')
}
