import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { browserArguments, findBrowser } from '../../../scripts/start/browser.mjs'
import { chooseHost, describeFailure, hasDisplay, installedBinary } from '../../../scripts/start/electron.mjs'
import { temporaryFolder } from '../../support/folder.ts'

const day = 24 * 60 * 60 * 1000

interface Machine {
  hasDisplay: boolean
  binary: () => string | null
  fetch: () => Promise<string | null>
  failure: () => { version: string; at: number; reason: string } | null
  version: string
  now: number
}

/** A machine with a display on which Electron is neither installed nor to be had. */
function machine(differences: Partial<Machine> = {}): Machine & { readonly fetches: () => number } {
  let fetches = 0
  return {
    hasDisplay: true,
    binary: () => null,
    fetch: () => {
      fetches += 1
      return Promise.resolve('the download failed with ENOTFOUND')
    },
    failure: () => null,
    version: '45.4.1',
    now: 100 * day,
    ...differences,
    fetches: () => fetches,
  }
}

describe('the host is', () => {
  test('Electron where it is installed', async () => {
    const choice = await chooseHost(machine({ binary: () => '/e/electron' }))
    expect(choice).toEqual({
      host: 'electron',
      binary: '/e/electron',
      reason: 'Electron 45.4.1 is installed',
    })
  })

  test('Electron where it can be fetched', async () => {
    let installed: string | null = null
    const fetch = (): Promise<null> => {
      installed = '/e/electron'
      return Promise.resolve(null)
    }
    const choice = await chooseHost(machine({ binary: () => installed, fetch }))
    expect(choice).toEqual({ host: 'electron', binary: '/e/electron', reason: 'Electron 45.4.1 was fetched' })
  })

  test('the browser where the fetch fails, and it says how', async () => {
    expect(await chooseHost(machine())).toEqual({
      host: 'browser',
      reason: 'Electron 45.4.1 could not be fetched (the download failed with ENOTFOUND)',
    })
  })

  test('the browser without a display, and nothing is fetched for it', async () => {
    const here = machine({ hasDisplay: false, binary: () => '/e/electron' })
    expect(await chooseHost(here)).toEqual({ host: 'browser', reason: 'this session has no display' })
    expect(here.fetches()).toBe(0)
  })

  test('not fetched again within seven days of a failure, unless the version changed', async () => {
    const failure = { version: '45.4.1', at: 95 * day, reason: 'it took longer than 20 s' }
    const soon = machine({ failure: () => failure })
    expect(await chooseHost(soon)).toMatchObject({
      reason: expect.stringContaining('it took longer than 20 s; next attempt after') as string,
    })
    expect(soon.fetches()).toBe(0)
    const later = machine({ failure: () => failure, now: 102 * day })
    await chooseHost(later)
    expect(later.fetches()).toBe(1)
    const updated = machine({ failure: () => failure, version: '46.0.0' })
    await chooseHost(updated)
    expect(updated.fetches()).toBe(1)
  })
})

test('the reason of a failed download is short and holds no address', () => {
  expect(describeFailure('HTTPError at https://example.org/x\n  code: ENOTFOUND')).toBe(
    'the download failed with ENOTFOUND',
  )
  expect(describeFailure('HTTPError: Response code 403, status 403')).toBe(
    'the download was answered with status 403',
  )
  expect(describeFailure('TypeError: fetch failed\n at x')).toBe('the download server could not be reached')
  expect(describeFailure('something at https://example.org/x')).toBe('the download failed')
})

test('the binary is where the electron package says, or where the environment says', () => {
  const folder = temporaryFolder()
  expect(installedBinary(folder, {})).toBeNull()
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist', 'electron'), '')
  writeFileSync(join(folder, 'path.txt'), 'electron')
  expect(installedBinary(folder, {})).toBe(join(folder, 'dist', 'electron'))
  expect(installedBinary(folder, { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'other') })).toBeNull()
})

test.runIf(process.platform === 'linux')('a display is X11 or Wayland', () => {
  expect(hasDisplay({})).toBe(false)
  expect(hasDisplay({ DISPLAY: '' })).toBe(false)
  expect(hasDisplay({ DISPLAY: ':0' })).toBe(true)
  expect(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' })).toBe(true)
})

describe('the window', () => {
  test.runIf(process.platform === 'linux')(
    'is of the first Chromium-family browser on the search path',
    () => {
      const folder = temporaryFolder()
      expect(findBrowser({ PATH: folder })).toBeNull()
      for (const name of ['microsoft-edge', 'google-chrome'])
        writeFileSync(join(folder, name), '', { mode: 0o755 })
      expect(findBrowser({ PATH: folder })).toBe(join(folder, 'google-chrome'))
    },
  )

  test('has a profile of its own, and gives up the sandbox only for root', () => {
    const user = browserArguments('http://127.0.0.1:1/open/x', '/tmp/profile', false)
    expect(user).toContain('--app=http://127.0.0.1:1/open/x')
    expect(user).toContain('--user-data-dir=/tmp/profile')
    expect(user).not.toContain('--no-sandbox')
    expect(browserArguments('u', 'p', true)).toContain('--no-sandbox')
  })
})
