import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { openDataFolder } from '#core/data-folder.ts'
import { silentLog } from '#core/log.ts'
import { startEngine } from '#core/start.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'
import { temporaryFolder } from '../../support/folder.ts'

const createConsole = vi.hoisted(() => vi.fn<(parts: Record<string, unknown>) => unknown>())
vi.mock('#core/console.ts', () => ({ createConsole }))

const { dispatcher, feed } = new EngineStandIn()
const start = vi.fn<() => Promise<void>>()
const stop = vi.fn<() => Promise<void>>()
beforeEach(() => {
  start.mockReset().mockResolvedValue(undefined)
  stop.mockReset().mockResolvedValue(undefined)
  createConsole.mockReset().mockReturnValue({ dispatcher, feed, start, stop })
})

/** True if the folder can be taken, which it cannot while an engine holds it. */
function isFree(folder: string): boolean {
  try {
    openDataFolder(folder).release()
    return true
  } catch {
    return false
  }
}

test('takes the folder, writes the configuration, starts the console, and gives the folder back at the stop', async () => {
  const folder = join(temporaryFolder(), 'data')
  const engine = await startEngine(folder, silentLog)
  expect(engine).toMatchObject({ dispatcher, feed })
  expect(createConsole.mock.calls[0]?.[0]).toMatchObject({
    dataFolder: { path: folder },
    configuration: { gateway_port: 7443 },
  })
  expect(start).toHaveBeenCalledOnce()
  expect(existsSync(join(folder, 'config.json'))).toBe(true)
  expect(isFree(folder)).toBe(false)
  await engine.stop()
  expect(stop).toHaveBeenCalledOnce()
  expect(isFree(folder)).toBe(true)
})

test('a console that cannot be started is stopped again and the folder given back', async () => {
  const folder = temporaryFolder()
  start.mockRejectedValue(new Error('no gateway'))
  await expect(startEngine(folder, silentLog)).rejects.toThrow('no gateway')
  expect(stop).toHaveBeenCalledOnce()
  expect(isFree(folder)).toBe(true)
})

test('a wrong configuration starts nothing, is left as it is, and the folder is given back', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'config.json'), '{"gateway_prot": 1}')
  await expect(startEngine(folder, silentLog)).rejects.toMatchObject({ code: 'configuration_invalid' })
  expect(createConsole).not.toHaveBeenCalled()
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe('{"gateway_prot": 1}')
  expect(isFree(folder)).toBe(true)
})

test('a stop that fails still gives the folder back', async () => {
  const folder = temporaryFolder()
  stop.mockRejectedValue(new Error('stuck'))
  const engine = await startEngine(folder, silentLog)
  await expect(engine.stop()).rejects.toThrow('stuck')
  expect(isFree(folder)).toBe(true)
})
