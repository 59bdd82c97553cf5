import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { App, Session } from 'electron'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLog } from '#core/log.ts'
import { contentSecurityPolicy } from '#core/page/headers.ts'
import type * as ElectronStandIn from '../../support/electron-stand-in.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { freshElectron } from '../../support/fresh-electron.ts'

let electron: typeof ElectronStandIn
beforeEach(async () => {
  electron = await freshElectron()
})

describe('permissions', () => {
  beforeEach(async () => {
    const { denyEverything } = await import('../../../electron/host/permissions.ts')
    denyEverything(electron.session.defaultSession as unknown as Session, silentLog)
  })

  test('are refused, asked for or looked up, and so are devices and the screen’s picture', () => {
    const { defaultSession } = electron.session
    const answer = vi.fn()
    ;(defaultSession.setPermissionRequestHandler.mock.calls[0]![0] as (...args: unknown[]) => void)(
      {},
      'media',
      answer,
    )
    expect(answer.mock.calls).toEqual([[false]])
    expect((defaultSession.setPermissionCheckHandler.mock.calls[0]![0] as () => boolean)()).toBe(false)
    expect((defaultSession.setDevicePermissionHandler.mock.calls[0]![0] as () => boolean)()).toBe(false)
    const streams = vi.fn()
    ;(defaultSession.setDisplayMediaRequestHandler.mock.calls[0]![0] as (...args: unknown[]) => void)(
      {},
      streams,
    )
    expect(streams.mock.calls).toEqual([[{}]])
    expect(defaultSession.setSpellCheckerEnabled).toHaveBeenCalledWith(false)
  })

  test('leave no download', () => {
    const preventDefault = vi.fn()
    electron.session.defaultSession.emit('will-download', { preventDefault })
    expect(preventDefault).toHaveBeenCalledOnce()
  })

  test('leave no request to anywhere but the screen’s own files', () => {
    const decide = electron.session.defaultSession.webRequest.onBeforeRequest.mock.calls[0]![0] as (
      details: { url: string; resourceType: string },
      answer: (decision: { cancel: boolean }) => void,
    ) => void
    const cancelled = (url: string): boolean => {
      let decision = false
      decide({ url, resourceType: 'xhr' }, ({ cancel }) => (decision = cancel))
      return decision
    }
    expect(cancelled('app://groundlock/assets/index.js')).toBe(false)
    for (const url of [
      'https://example.com/',
      'http://127.0.0.1/',
      'ws://127.0.0.1/',
      'file:///etc/passwd',
      'app://other/',
      'data:text/html,x',
    ]) {
      expect(cancelled(url)).toBe(true)
    }
  })
})

describe('navigation', () => {
  test('is refused in every page that is ever made', async () => {
    const { forbidNavigation } = await import('../../../electron/host/navigation.ts')
    forbidNavigation(electron.app as unknown as App, silentLog)
    const page = new electron.PageStandIn()
    electron.app.emit('web-contents-created', {}, page)
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
      const preventDefault = vi.fn()
      page.emit(name, { preventDefault, url: 'app://groundlock/' })
      expect(preventDefault, name).toHaveBeenCalledOnce()
    }
    expect(page.windowOpenHandler?.({ url: 'https://example.com/' })).toEqual({ action: 'deny' })
    expect(page.windowOpenHandler?.({ url: 'app://groundlock/' })).toEqual({ action: 'deny' })
  })
})

describe('the window', () => {
  async function open(devTools: boolean): Promise<InstanceType<typeof ElectronStandIn.BrowserWindow>> {
    const { createConsoleWindow } = await import('../../../electron/host/window.ts')
    const { defaultSession } = electron.session
    createConsoleWindow({
      preload: '/p/index.cjs',
      session: defaultSession as unknown as Session,
      devTools,
      log: silentLog,
    })
    return electron.BrowserWindow.made[0]!
  }

  test('is confined', async () => {
    const { webPreferences } = (await open(false)).options
    expect(webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: false,
      preload: '/p/index.cjs',
    })
    for (const weakening of [
      'allowRunningInsecureContent',
      'experimentalFeatures',
      'enableBlinkFeatures',
      'additionalArguments',
      'plugins',
    ]) {
      expect(webPreferences).not.toHaveProperty(weakening)
    }
  })

  test('loads the screen from its own scheme and shows itself when there is something to see', async () => {
    const window = await open(false)
    expect(window.loadURL.mock.calls).toEqual([['app://groundlock/']])
    expect(window.options.show).toBe(false)
    expect(window.show).not.toHaveBeenCalled()
    window.emit('ready-to-show')
    expect(window.show).toHaveBeenCalledOnce()
  })
})

describe('the scheme', () => {
  test('is declared standard and secure, and bypasses no policy', async () => {
    const { declarePageScheme } = await import('../../../electron/host/protocol.ts')
    declarePageScheme()
    expect(electron.protocol.registerSchemesAsPrivileged.mock.calls).toEqual([
      [
        [
          {
            scheme: 'app',
            privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
          },
        ],
      ],
    ])
  })

  test('serves the screen’s files with their headers, and nothing else', async () => {
    const { servePages } = await import('../../../electron/host/protocol.ts')
    const folder = join(temporaryFolder(), 'renderer')
    await mkdir(folder)
    await writeFile(join(folder, 'index.html'), 'screen')
    await writeFile(join(folder, '..', 'secret.js'), 'SECRET')
    servePages(electron.session.defaultSession as unknown as Session, folder, silentLog)
    const serve = electron.session.defaultSession.protocol.pages.get('app')!
    const get = async (url: string, method = 'GET'): Promise<Response> => serve(new Request(url, { method }))

    const page = await get('app://groundlock/')
    expect(await page.text()).toBe('screen')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy("'none'"))
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')

    expect((await get('app://groundlock/..%2fsecret.js')).status).toBe(404)
    expect((await get('app://groundlock/missing.js')).status).toBe(404)
    expect((await get('app://elsewhere/')).status).toBe(403)
    expect((await get('app://groundlock/', 'POST')).status).toBe(403)
  })
})

describe('the command line', () => {
  test('of a packaged program takes no debugger and no weakening', async () => {
    const { refusedSwitches } = await import('../../../electron/host/command-line.ts')
    const app = electron.app as unknown as App
    electron.app.switches.set('remote-debugging-port', '9222').set('no-sandbox', '')
    expect(refusedSwitches(app)).toEqual([])
    electron.app.isPackaged = true
    expect(refusedSwitches(app)).toEqual(['remote-debugging-port', 'no-sandbox'])
  })
})

describe('the menu', () => {
  test('is none, and on macOS only what copying and quitting need', async () => {
    const { setMenu } = await import('../../../electron/host/menu.ts')
    setMenu('linux')
    expect(electron.Menu.setApplicationMenu).toHaveBeenLastCalledWith(null)
    setMenu('darwin')
    const template = JSON.stringify(electron.Menu.buildFromTemplate.mock.calls)
    expect(template).toContain('editMenu')
    expect(template).not.toMatch(/reload|toggleDevTools|viewMenu/i)
  })
})
