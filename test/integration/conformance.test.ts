import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConformanceRecord } from '#shared/model/conformance.ts'
import { readConformance } from '#core/console/conformance-record.ts'
import { temporaryFolder } from '../support/folder.ts'
import { groundlock } from '../support/groundlock-process.ts'
import { firstCase, readVectors, vectorFile, vectorFolder } from '../support/vectors.ts'

const lines = (stdout: string): unknown[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

function wrongFile(): string {
  const vectors = readVectors('x25519_test.json')
  firstCase(vectors)['shared'] = '00'.repeat(32)
  return vectorFile(vectors, 'wrong_test.json')
}

describe('groundlock conformance', () => {
  test('passes the vectors of the repository, file by file, and keeps the result', async () => {
    const dataDir = join(temporaryFolder(), 'not', 'there', 'yet')
    const before = Date.now()
    const { code, stdout, stderr } = await groundlock(['conformance', vectorFolder, '--data-dir', dataDir])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('aes_gcm_test.json (AES-GCM): 13 cases, 11 passed, 0 failed, 2 skipped\n')
    expect(stdout).toContain('  skipped 1: the engine refuses keys of 128 bits: 256 only\n')
    expect(stdout).toMatch(/x25519_test\.json \(XDH\): .*, 7 acceptable \(0 accepted, 7 refused\), /)
    const names = readdirSync(vectorFolder)
    const cases = names.flatMap((name) => readVectors(name).testGroups.flatMap(({ tests }) => tests)).length
    expect(stdout.trim().split('\n').at(-1)).toContain(`${names.length} files: ${cases} cases, `)

    const record = readConformance(dataDir)
    expect(record?.total).toMatchObject({ files: names.length, malformed: 0, cases, failed: 0 })
    const { passed = 0, acceptable = 0, skipped = 0 } = record?.total ?? {}
    expect(passed + acceptable + skipped).toBe(cases)
    expect(Date.parse(record?.ranAt ?? '')).toBeGreaterThanOrEqual(before)
    expect(statSync(join(dataDir, 'conformance.json')).mode & 0o777).toBe(0o600)
  })

  test('a wrong vector ends it with 1, names the case and says why', async () => {
    const dataDir = temporaryFolder()
    const { code, stdout } = await groundlock(['conformance', wrongFile(), '--data-dir', dataDir])
    expect(code).toBe(1)
    expect(stdout).toContain('wrong_test.json (XDH): 12 cases, 4 passed, 7 acceptable')
    expect(stdout).toMatch(
      /\n {2}FAILED case 1 \(section 5\.2, first\): the shared secret is 'c3da[0-9a-f]+\.\.\.' \(32 bytes\), not '0000/,
    )
    const record = readConformance(dataDir)
    expect(record?.total.failed).toBe(1)
    expect(record?.files[0]).toMatchObject({ file: 'wrong_test.json', failed: 1 })
    expect(record?.files[0]?.note).toMatch(/^case 1: the shared secret/)
  })

  test('a malformed file ends it with 2, and the others are run', async () => {
    const folder = temporaryFolder()
    writeFileSync(
      join(folder, 'cut_test.json'),
      readFileSync(join(vectorFolder, 'aes_gcm_test.json')).subarray(0, 5000),
    )
    writeFileSync(join(folder, 'good_test.json'), readFileSync(join(vectorFolder, 'aes_gcm_test.json')))
    writeFileSync(join(folder, 'package.json'), '{"name": "no vectors"}')
    const { code, stdout } = await groundlock(['conformance', folder, '--data-dir', folder])
    expect(code).toBe(2)
    expect(stdout.split('\n')[0]).toBe('cut_test.json: MALFORMED: it is not JSON')
    expect(stdout).toContain('good_test.json (AES-GCM): 13 cases, 11 passed')
    expect(stdout).toContain('2 files, 1 malformed: 13 cases')
    expect(readConformance(folder)?.files[0]).toMatchObject({ file: 'cut_test.json', note: 'it is not JSON' })
    // Its own result, left in the folder, is no vector file.
    expect((await groundlock(['conformance', folder, '--data-dir', folder])).stdout).toContain(
      '2 files, 1 malf',
    )
  })

  test('a failure outweighs a malformed file', async () => {
    const paths = [vectorFile('{', 'broken_test.json'), wrongFile()]
    const { code } = await groundlock(['conformance', ...paths, '--data-dir', temporaryFolder()])
    expect(code).toBe(1)
  })

  test('an algorithm that the engine does not have is skipped and fails nothing', async () => {
    const vectors = { ...readVectors('aes_gcm_test.json'), schema: 'daead_test_schema.json' }
    const { code, stdout } = await groundlock([
      'conformance',
      vectorFile(vectors, 'siv_test.json'),
      '--data-dir',
      temporaryFolder(),
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('  skipped 13: the engine has no function for daead_test_schema.json\n')
  })

  test('--json prints an object for each file and the total', async () => {
    const path = join(vectorFolder, 'ed25519_test.json')
    const argv = ['conformance', path, '--json', '--fallbacks', '--data-dir', temporaryFolder()]
    const { code, stdout } = await groundlock(argv)
    expect(code).toBe(0)
    expect(lines(stdout)).toMatchObject([
      { file: 'ed25519_test.json', algorithm: 'EDDSA', counts: { cases: 11, passed: 11 }, failures: [] },
      { files: 1, malformed: 0, cases: 11, passed: 11, failed: 0 },
    ])
  })

  test.each([
    [['conformance'], /missing required argument 'path'/],
    [['conformance', '/nowhere/at/all'], /There is no file or folder \/nowhere\/at\/all\./],
  ])('%j could not run', async (argv, message) => {
    const { code, stdout, stderr } = await groundlock(argv)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('a folder without vectors could not run', async () => {
    const { code, stderr } = await groundlock(['conformance', temporaryFolder()])
    expect(code).toBe(2)
    expect(stderr).toContain('There is no test-vector file in what was given.')
  })

  test('a data folder that cannot be written does not undo the run', async () => {
    const inTheWay = vectorFile('', 'a-file')
    const path = join(vectorFolder, 'ed25519_test.json')
    const { code, stdout, stderr } = await groundlock([
      'conformance',
      path,
      '--data-dir',
      join(inTheWay, 'data'),
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('11 passed')
    expect(stderr).toContain('the result is not kept for the Settings screen')
  })
})

describe('the kept result', () => {
  const folderWith = (content: string): string => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'conformance.json'), content)
    return folder
  }

  test.each([['{'], ['{}'], ['null'], [JSON.stringify({ ranAt: 'yesterday' })]])('%s is none', (content) => {
    expect(readConformance(folderWith(content))).toBeNull()
  })

  test('is none where there is no file, or a folder in its place', () => {
    const folder = temporaryFolder()
    expect(existsSync(join(folder, 'conformance.json'))).toBe(false)
    expect(readConformance(folder)).toBeNull()
    mkdirSync(join(folder, 'conformance.json'))
    expect(readConformance(folder)).toBeNull()
  })

  test('is none where it is too large to be one', () => {
    expect(readConformance(folderWith(`"${'x'.repeat(2 * 1024 * 1024)}"`))).toBeNull()
  })

  test('has room for the whole public collection', () => {
    const file = {
      file: 'f'.repeat(300),
      algorithm: 'a',
      cases: 1,
      passed: 1,
      acceptable: 0,
      failed: 0,
      skipped: 0,
    }
    const files = Array.from({ length: 500 }, () => ({ ...file, note: 'n'.repeat(300) }))
    const total = { files: 500, malformed: 0, cases: 500, passed: 500, acceptable: 0, acceptableRefused: 0 }
    const record = {
      ranAt: '2026-11-21T14:59:07.123Z',
      node: '24.0.0',
      library: 'OpenSSL 3',
      total: { ...total, failed: 0, skipped: 0 },
      files,
    }
    expect(ConformanceRecord.parse(readConformance(folderWith(JSON.stringify(record)))).files).toHaveLength(
      500,
    )
  })
})
