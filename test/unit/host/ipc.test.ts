import type { IpcMain, WebContents } from 'electron'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLog } from '#core/log.ts'
import { callChannel } from '../../../electron/host/channels.ts'
import { connectIpc } from '../../../electron/host/ipc.ts'
import { isConsolePage } from '../../../electron/host/page-origin.ts'
import { sampleEvents } from '../../support/contract-samples.ts'
import type * as ElectronStandIn from '../../support/electron-stand-in.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'
import { freshElectron } from '../../support/fresh-electron.ts'

let electron: typeof ElectronStandIn
let engine: EngineStandIn
let page: InstanceType<typeof ElectronStandIn.PageStandIn>
let disconnect: () => void

beforeEach(async () => {
  electron = await freshElectron()
  engine = new EngineStandIn()
  page = new electron.PageStandIn()
  disconnect = connectIpc({
    ipcMain: electron.ipcMain as unknown as IpcMain,
    dispatcher: engine.dispatcher,
    feed: engine.feed,
    pages: () => [page as unknown as WebContents],
    log: silentLog,
  })
})

describe('the sender of a call', () => {
  test('is the main frame of our own window on our own page', async () => {
    expect(await electron.invokeFrom(page, page.mainFrame, callChannel, 'console.status', {})).toMatchObject({
      ok: true,
    })
    expect(engine.calls).toHaveLength(1)
  })

  test.each([
    '',
    'about:blank',
    'file:///etc/passwd',
    'https://evil.example/',
    'app://evil/',
    'app://groundlock.evil/',
    'data:text/html,x',
  ])('is refused at %j', async (url) => {
    page.mainFrame.url = url
    expect(await electron.invokeFrom(page, page.mainFrame, callChannel, 'console.status', {})).toMatchObject({
      ok: false,
      code: 'not_allowed',
    })
    expect(engine.calls).toEqual([])
  })

  test('is refused if its frame is gone, is inside another, or belongs to a stranger’s window', async () => {
    const stranger = new electron.PageStandIn()
    const inner = { url: 'app://groundlock/' }
    for (const reply of [
      await electron.invokeFrom(page, null, callChannel, 'console.status', {}),
      await electron.invokeFrom(page, inner, callChannel, 'console.status', {}),
      await electron.invokeFrom(stranger, stranger.mainFrame, callChannel, 'console.status', {}),
      await electron.invokeFrom(stranger, page.mainFrame, callChannel, 'console.status', {}),
    ]) {
      expect(reply).toMatchObject({ ok: false, code: 'not_allowed' })
    }
    expect(engine.calls).toEqual([])
  })
})

test('a name that is no text is refused', async () => {
  for (const name of [undefined, null, 5, {}, ['console.status']]) {
    expect(await electron.invokeFrom(page, page.mainFrame, callChannel, name, {})).toMatchObject({
      code: 'unknown_operation',
    })
  }
})

test('events go only to pages that still exist', () => {
  const send = vi.spyOn(page, 'send')
  engine.feed.publish('console.status', sampleEvents['console.status'])
  expect(send).toHaveBeenCalledOnce()
  page.destroyed = true
  engine.feed.publish('console.status', sampleEvents['console.status'])
  expect(send).toHaveBeenCalledOnce()
})

test('one channel is open for calls, and none after the end', () => {
  expect(electron.ipcMain.channels()).toEqual([callChannel])
  const send = vi.spyOn(page, 'send')
  disconnect()
  expect(electron.ipcMain.channels()).toEqual([])
  engine.feed.publish('console.status', sampleEvents['console.status'])
  expect(send).not.toHaveBeenCalled()
})

test.each([
  ['app://groundlock/', true],
  ['app://groundlock/index.html?x#/fleet', true],
  ['app://groundlock:80/', false],
  ['app://user@groundlock/', false],
  ['app://groundlock.example/', false],
  ['app:groundlock', false],
  ['app:///groundlock/', false],
  ['application://groundlock/', false],
  ['', false],
])('%s is the console’s page: %s', (address, expected) => {
  expect(isConsolePage(address)).toBe(expected)
})
