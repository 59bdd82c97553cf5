import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Transport } from '#shared/contract/transport.ts'
import { callChannel, eventChannel } from '../../../electron/host/channels.ts'
import type * as ElectronStandIn from '../../support/electron-stand-in.ts'
import { freshElectron } from '../../support/fresh-electron.ts'

let electron: typeof ElectronStandIn
let bridge: Transport

beforeEach(async () => {
  electron = await freshElectron()
  await import('../../../electron/preload.ts')
  bridge = electron.exposed.get('groundlock') as Transport
})

describe('the preload', () => {
  test('gives the page exactly call and on', () => {
    expect([...electron.exposed.keys()]).toEqual(['groundlock'])
    expect(Object.keys(bridge).sort()).toEqual(['call', 'on'])
  })

  test('calls over the one channel, whatever the name', async () => {
    const invoke = vi.spyOn(electron.ipcRenderer, 'invoke').mockResolvedValue('reply')
    expect(await bridge.call('other:channel', { a: 1 })).toBe('reply')
    expect(invoke.mock.calls).toEqual([[callChannel, 'other:channel', { a: 1 }]])
  })

  test('listens once, however many listeners the page has', () => {
    for (let listener = 0; listener < 50; listener++) bridge.on('fleet.changed', () => undefined)
    expect(electron.ipcRenderer.listenerCount(eventChannel)).toBe(1)
    expect(electron.ipcRenderer.eventNames()).toEqual([eventChannel])
  })

  test('never hands Electron’s event to the page', () => {
    const heard = vi.fn()
    bridge.on('fleet.changed', heard)
    electron.ipcRenderer.emit(eventChannel, { sender: electron.ipcRenderer }, 'fleet.changed', { a: 1 })
    expect(heard.mock.calls).toEqual([[{ a: 1 }]])
  })

  test.each(['__proto__', 'constructor', 'toString'])('an event named %s reaches nobody', (name) => {
    const heard = vi.fn()
    bridge.on('fleet.changed', heard)
    electron.ipcRenderer.emit(eventChannel, {}, name, {})
    expect(heard).not.toHaveBeenCalled()
  })
})
