import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultDataFolder, openDataFolder } from '#core/data-folder.ts'
import { writeDurably } from '#core/durable-file.ts'
import { SecurityException } from '#core/errors.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'groundlock-folder-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const refused = (code: string, message: RegExp) => ({
  constructor: SecurityException,
  code,
  message: expect.stringMatching(message) as string,
})

const caught = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('the default folder is the one the platform gives to applications', () => {
  expect(defaultDataFolder('linux', {}, '/home/ada')).toBe('/home/ada/.local/share/groundlock')
  expect(defaultDataFolder('linux', { XDG_DATA_HOME: '/data' }, '/home/ada')).toBe('/data/groundlock')
  expect(defaultDataFolder('linux', { XDG_DATA_HOME: 'relative' }, '/home/ada')).toBe(
    '/home/ada/.local/share/groundlock',
  )
  expect(defaultDataFolder('darwin', {}, '/Users/ada')).toBe(
    '/Users/ada/Library/Application Support/Groundlock',
  )
  expect(defaultDataFolder('win32', { APPDATA: '/roaming' }, '/ada')).toBe('/roaming/Groundlock')
})

describe('opening', () => {
  test('makes the folder and what is above it, for its owner only', () => {
    const folder = openDataFolder(join(parent, 'a', 'b'))
    expect(statSync(folder.path).mode & 0o777).toBe(0o700)
    expect(folder.databaseFile.startsWith(folder.path)).toBe(true)
    folder.release()
  })

  test('takes access from everybody else', () => {
    const path = join(parent, 'open')
    mkdirSync(path)
    chmodSync(path, 0o755)
    openDataFolder(path).release()
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  test('refuses a file, and a folder below a file', () => {
    const file = join(parent, 'file')
    writeFileSync(file, 'kept')
    const expected = refused('conflict', /not a folder.*--data-dir/)
    expect(caught(() => openDataFolder(file))).toMatchObject(expected)
    expect(caught(() => openDataFolder(join(file, 'below')))).toMatchObject(expected)
    expect(readFileSync(file, 'utf8')).toBe('kept')
  })

  test.runIf(process.getuid?.() !== 0)('says plainly that a folder is read-only', () => {
    const path = join(parent, 'closed')
    mkdirSync(path, { mode: 0o500 })
    chmodSync(parent, 0o500)
    expect(caught(() => openDataFolder(join(parent, 'new')))).toMatchObject(
      refused('storage_read_only', /cannot be written/),
    )
    chmodSync(parent, 0o700)
  })

  test.runIf(process.getuid?.() === 0)('refuses the folder of another user', async () => {
    const path = join(parent, 'hers')
    mkdirSync(path)
    const { chownSync } = await import('node:fs')
    chownSync(path, 65_534, 65_534)
    expect(caught(() => openDataFolder(path))).toMatchObject(refused('conflict', /belongs to another user/))
  })
})

describe('the lock', () => {
  test('keeps a second console out and names the first', () => {
    const first = openDataFolder(join(parent, 'data'))
    const expected = refused('conflict', new RegExp(`in use by another console \\(process ${process.pid}\\)`))
    expect(caught(() => openDataFolder(first.path))).toMatchObject(expected)
    first.release()
    first.release()
    openDataFolder(first.path).release()
  })

  test('of a process that was killed is free at once', async () => {
    const path = join(parent, 'data')
    const source = new URL('../../../electron/core/data-folder.ts', import.meta.url).href
    const script = `import { openDataFolder } from '${source}'; openDataFolder(process.argv[1], 'console'); console.log('held'); setInterval(() => {}, 1000)`
    const other = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(other.stdout, 'data')
      expect(caught(() => openDataFolder(path))).toMatchObject(
        refused('conflict', new RegExp(`process ${other.pid ?? 0}\\)`)),
      )
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
    expect(existsSync(join(path, 'lock.json'))).toBe(true)
    const folder = openDataFolder(path)
    expect(JSON.parse(readFileSync(join(path, 'lock.json'), 'utf8'))).toMatchObject({ pid: process.pid })
    folder.release()
    expect(existsSync(join(path, 'lock.json'))).toBe(false)
  })

  test('file that holds something else is not overwritten', () => {
    const path = join(parent, 'data')
    mkdirSync(path)
    const content = 'these are notes of somebody, not a lock. '.repeat(50)
    writeFileSync(join(path, 'lock'), content)
    expect(caught(() => openDataFolder(path))).toMatchObject(refused('conflict', /not a lock/))
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(content)
  })
})

describe('a durable write', () => {
  test('replaces the whole file with the mode asked for', () => {
    const file = join(parent, 'file')
    writeFileSync(file, 'a much longer text than the new one', { mode: 0o644 })
    writeDurably(file, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('that fails leaves nothing behind', () => {
    const target = join(parent, 'folder')
    mkdirSync(join(target, 'inside'), { recursive: true })
    expect(caught(() => writeDurably(target, 'x'))).toBeInstanceOf(Error)
    expect(existsSync(`${target}.${process.pid}.new`)).toBe(false)
  })
})
