import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type * as ElectronStandIn from '../../support/electron-stand-in.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { freshElectron } from '../../support/fresh-electron.ts'

let electron: typeof ElectronStandIn
let engine: EngineStandIn
let dataFolder: string
let order: string[]
const startEngine = vi.fn<() => Promise<unknown>>()
/** Where main.ts writes its log. */
let logged: string[]

beforeEach(async () => {
  electron = await freshElectron()
  engine = new EngineStandIn()
  dataFolder = join(temporaryFolder(), 'data')
  electron.app.switches.set('data-dir', dataFolder)
  order = []
  logged = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => logged.push(String(text)) > 0)
  startEngine.mockReset().mockImplementation(() =>
    Promise.resolve({
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      stop: () => {
        order.push('engine stopped')
        return Promise.resolve()
      },
    }),
  )
  vi.doMock('#core/start.ts', () => ({ startEngine }))
  electron.app.exit.mockImplementation(() => order.push('exit'))
})

afterEach(() => vi.restoreAllMocks())

/** Runs main.ts as Electron would at start; `ready` once it has registered everything that must come before. */
async function start(): Promise<void> {
  await import('../../../electron/main.ts')
  electron.app.becomeReady()
}
const opened = (): Promise<InstanceType<typeof ElectronStandIn.BrowserWindow>> =>
  vi.waitFor(() => {
    const window = electron.BrowserWindow.made[0]
    expect(window).toBeDefined()
    return window!
  })

describe('starting in Electron', () => {
  test('confines before ready, then opens one window on the running engine', async () => {
    await import('../../../electron/main.ts')
    expect(electron.app.enableSandbox).toHaveBeenCalledOnce()
    expect(electron.protocol.registerSchemesAsPrivileged).toHaveBeenCalledOnce()
    expect(startEngine).not.toHaveBeenCalled()
    electron.app.becomeReady()
    const window = await opened()
    expect(startEngine.mock.calls[0]).toEqual([dataFolder, expect.anything()])
    expect(window.options.webPreferences['preload']).toMatch(/preload\/index\.cjs$/)
    expect(window.webContents.windowOpenHandler?.({ url: 'https://example.com' })).toEqual({ action: 'deny' })
    expect(electron.session.defaultSession.setPermissionRequestHandler).toHaveBeenCalledOnce()
    expect([...electron.session.defaultSession.protocol.pages.keys()]).toEqual(['app'])
    const reply = await electron.invokeFrom(
      window.webContents,
      window.webContents.mainFrame,
      'groundlock:call',
      'console.status',
      {},
    )
    expect(reply).toMatchObject({ ok: true })
  })

  test('keeps Chromium’s files in the data folder, closed to others', async () => {
    await start()
    await opened()
    const profile = join(dataFolder, 'electron')
    expect(electron.app.setPath.mock.calls).toEqual([['userData', profile]])
    expect(statSync(profile).mode & 0o777).toBe(0o700)
    expect(statSync(dataFolder).mode & 0o777).toBe(0o700)
  })

  test('a second start leaves, and brings the first to the front', async () => {
    await start()
    const window = await opened()
    window.minimized = true
    electron.app.emit('second-instance')
    expect(window.restore).toHaveBeenCalledOnce()
    expect(window.focus).toHaveBeenCalledOnce()

    const second = await freshElectron()
    second.app.switches.set('data-dir', dataFolder)
    second.app.firstInstance = false
    vi.doMock('#core/start.ts', () => ({ startEngine }))
    startEngine.mockClear()
    await import('../../../electron/main.ts')
    second.app.becomeReady()
    await second.app.whenReady()
    expect(second.app.quit).toHaveBeenCalledOnce()
    expect(startEngine).not.toHaveBeenCalled()
  })

  test('a packaged program with a debugger switch does not start', async () => {
    electron.app.isPackaged = true
    electron.app.switches.set('remote-debugging-port', '9222')
    await start()
    await electron.app.whenReady()
    expect(electron.dialog.showErrorBox.mock.calls[0]?.[1]).toContain('--remote-debugging-port')
    expect(electron.app.exit).toHaveBeenCalledWith(1)
    expect(startEngine).not.toHaveBeenCalled()
  })

  test('says why the engine refused, and ends', async () => {
    // Imported after the fresh start, so that it is the class main.ts compares with.
    const { SecurityException } = await import('#core/errors.ts')
    startEngine.mockRejectedValue(
      new SecurityException('database_newer', 'The database is from a newer version.'),
    )
    await start()
    await vi.waitFor(() => expect(electron.app.exit).toHaveBeenCalledWith(1))
    expect(electron.dialog.showErrorBox.mock.calls).toEqual([
      ['Groundlock cannot start', 'The database is from a newer version.'],
    ])
    expect(electron.BrowserWindow.made).toEqual([])
  })

  test('says nothing of the inside when something else broke', async () => {
    startEngine.mockRejectedValue(new Error('native module: /opt/secret.node'))
    await start()
    await vi.waitFor(() => expect(electron.app.exit).toHaveBeenCalledWith(1))
    expect(JSON.stringify(electron.dialog.showErrorBox.mock.calls)).not.toContain('secret')
    expect(logged.join()).toContain('native module')
  })
})

describe('ending in Electron', () => {
  test('stops the transport, then the engine, then the process', async () => {
    await start()
    await opened()
    const preventDefault = vi.fn()
    electron.app.emit('before-quit', { preventDefault })
    expect(preventDefault).toHaveBeenCalledOnce()
    await vi.waitFor(() => expect(electron.app.exit).toHaveBeenCalledWith(0))
    expect(order).toEqual(['engine stopped', 'exit'])
    expect(electron.ipcMain.channels()).toEqual([])
  })

  test('is asked for by the last window', async () => {
    await start()
    const window = await opened()
    window.emit('closed')
    electron.app.emit('window-all-closed')
    expect(electron.app.quit).toHaveBeenCalledOnce()
    // The feed has no page to send to any more, and does not fail.
    engine.signIn('auditor')
    engine.feed.publish(
      'console.status',
      (await import('../../support/contract-samples.ts')).sampleEvents['console.status'],
    )
    expect(engine.logLines.filter((line) => line.includes('"error"'))).toEqual([])
  })

  test('ends with 1 when the engine does not stop cleanly', async () => {
    startEngine.mockResolvedValue({
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      stop: () => Promise.reject(new Error('stuck')),
    })
    await start()
    await opened()
    electron.app.emit('before-quit', { preventDefault: () => undefined })
    await vi.waitFor(() => expect(electron.app.exit).toHaveBeenCalledWith(1))
  })
})
