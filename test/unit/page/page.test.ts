import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPageFile } from '#core/page/files.ts'
import { contentSecurityPolicy, pageHeaders } from '#core/page/headers.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** A built screen, with secrets around it that must stay unread. */
async function screen(): Promise<string> {
  const outside = temporaryFolder()
  const folder = join(outside, 'renderer')
  await mkdir(join(folder, 'assets'), { recursive: true })
  await mkdir(`${folder}-other`)
  await writeFile(join(folder, 'index.html'), 'screen')
  await writeFile(join(folder, 'assets', 'index-a1.js'), 'screen')
  await writeFile(join(folder, 'assets', 'with space.css'), 'screen')
  await writeFile(join(folder, '.hidden.js'), 'SECRET')
  await writeFile(join(folder, 'token.vault'), 'SECRET')
  await writeFile(join(outside, 'secret.js'), 'SECRET')
  await writeFile(join(`${folder}-other`, 'secret.js'), 'SECRET')
  await symlink(join(outside, 'secret.js'), join(folder, 'link.js'))
  await symlink(outside, join(folder, 'up'))
  await symlink(`${folder}-other`, join(folder, 'sideways'))
  return folder
}

describe('files of the screen', () => {
  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/index.html', 'text/html; charset=utf-8'],
    ['/assets/index-a1.js', 'text/javascript; charset=utf-8'],
    ['/assets/with%20space.css', 'text/css; charset=utf-8'],
  ])('%s is served as %s', async (path, contentType) => {
    const file = await readPageFile(await screen(), path)
    expect(file).toMatchObject({ contentType })
    expect(file?.body.toString()).toBe('screen')
  })

  test.each([
    '',
    'index.html',
    '/missing.js',
    '/assets',
    '/assets/',
    '//index.html',
    '/../secret.js',
    '/assets/../../secret.js',
    '/%2e%2e/secret.js',
    '/..%2fsecret.js',
    '/..%5csecret.js',
    '/assets\\..\\..\\secret.js',
    '/../renderer-other/secret.js',
    '/%252e%252e/secret.js',
    '/index.html%00.js',
    '/%',
    '/%ff.js',
    '/C:/secret.js',
    '/index.html::$DATA.js',
    '/.hidden.js',
    '/token.vault',
    '/link.js',
    '/up/secret.js',
    '/sideways/secret.js',
  ])('%j is not', async (path) => {
    expect(await readPageFile(await screen(), path)).toBeNull()
  })

  test('no path reads outside the folder', async () => {
    const folder = await screen()
    const piece = fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '/',
      '\\',
      'up',
      'secret.js',
      basename(folder),
      'assets',
      '%00',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const file = await readPageFile(folder, `/${pieces.join('/')}`)
        expect(file?.body.toString() ?? 'nothing').not.toBe('SECRET')
      }),
    )
  })
})

describe('headers of the screen', () => {
  test('allow nothing inline, no eval, no data: and no other origin', () => {
    for (const connect of ["'self'", "'none'"] as const) {
      const policy = contentSecurityPolicy(connect)
      expect(policy).toMatch(/^default-src 'none';/)
      expect(policy).toContain(`connect-src ${connect};`)
      expect(policy).not.toMatch(/unsafe|data:|blob:|\*|https?:|wss?:/)
    }
  })

  test('forbid frames, forms, a base, and strings where markup is wanted', () => {
    const policy = contentSecurityPolicy("'self'")
    for (const rule of [
      "frame-ancestors 'none'",
      "form-action 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
      'trusted-types vue',
    ]) {
      expect(policy.split('; ')).toContain(rule)
    }
  })

  test('keep the page to itself', () => {
    expect(pageHeaders("'self'")).toMatchObject({
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    })
  })
})
