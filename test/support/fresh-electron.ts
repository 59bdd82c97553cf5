import { vi } from 'vitest'
import type * as ElectronStandIn from './electron-stand-in.ts'

/**
 * Puts a fresh stand-in in the place of the `electron` module and forgets every module loaded so far, so that what is
 * imported next runs as at a program's start. What the test compares by identity (classes) it must import afterwards.
 */
export async function freshElectron(): Promise<typeof ElectronStandIn> {
  vi.resetModules()
  const standIn = await import('./electron-stand-in.ts')
  vi.doMock('electron', () => standIn)
  return standIn
}
