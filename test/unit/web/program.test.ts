import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { SecurityException } from '#core/errors.ts'
import type { RunningEngine } from '#core/start.ts'
import { parseWebArguments, UsageError } from '../../../electron/web/arguments.ts'
import { runWebProgram } from '../../../electron/web/program.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { openConsole } from '../../support/web-client.ts'

async function program(argv: string[], startEngine: () => Promise<RunningEngine>) {
  const rendererFolder = join(temporaryFolder(), 'renderer')
  await mkdir(rendererFolder)
  await writeFile(join(rendererFolder, 'index.html'), 'screen')
  const out: string[] = []
  const err: string[] = []
  const stop = Promise.withResolvers<undefined>()
  const started = vi.fn(startEngine)
  const exitCode = runWebProgram({
    argv,
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    rendererFolder,
    startEngine: started,
    stopRequested: stop.promise,
  })
  return { out, err, exitCode, started, stop: () => stop.resolve(undefined) }
}

function engine(): { running: RunningEngine; stopped: ReturnType<typeof vi.fn<() => Promise<void>>> } {
  const { dispatcher, feed } = new EngineStandIn()
  const stopped = vi.fn<() => Promise<void>>(() => Promise.resolve())
  return { running: { dispatcher, feed, stop: stopped }, stopped }
}

describe('the browser program', () => {
  test('prints the address, serves the screen, and stops cleanly when asked', async () => {
    const { running, stopped } = engine()
    const run = await program(['--data-dir', 'somewhere', '--no-open'], () => Promise.resolve(running))
    await vi.waitFor(() => expect(run.out).toHaveLength(1))
    expect(run.out[0]).toMatch(/^Groundlock console: http:\/\/127\.0\.0\.1:\d+\/open\/\S+\n$/)
    expect(run.started.mock.calls[0]).toEqual(['somewhere', expect.anything()])
    const url = run.out[0]!.slice('Groundlock console: '.length).trim()
    await openConsole(url)
    expect(run.out[1]).toMatch(/^Another window: http:\/\/127\.0\.0\.1:\d+\/open\/\S+\n$/)

    run.stop()
    expect(await run.exitCode).toBe(0)
    expect(stopped).toHaveBeenCalledOnce()
    await expect(fetch(url)).rejects.toThrow()
  })

  test('says in one line why the engine refused, with exit code 1', async () => {
    const run = await program([], () =>
      Promise.reject(new SecurityException('conflict', 'The data folder is in use.')),
    )
    expect(await run.exitCode).toBe(1)
    expect(run.err).toEqual(['groundlock: The data folder is in use.\n'])
    expect(run.out).toEqual([])
  })

  test('stops the engine again when the port is taken', async () => {
    const first = engine()
    const holder = await program([], () => Promise.resolve(first.running))
    await vi.waitFor(() => expect(holder.out).toHaveLength(1))
    const { port } = new URL(holder.out[0]!.split(': ')[1]!.trim())

    const { running, stopped } = engine()
    const run = await program(['--port', port], () => Promise.resolve(running))
    expect(await run.exitCode).toBe(1)
    expect(run.err[0]).toContain(`Port ${port}`)
    expect(stopped).toHaveBeenCalledOnce()
    holder.stop()
    await holder.exitCode
  })

  test('ends with 1 when a part does not stop cleanly', async () => {
    const { running } = engine()
    const run = await program([], () =>
      Promise.resolve({ ...running, stop: () => Promise.reject(new Error('stuck')) }),
    )
    await vi.waitFor(() => expect(run.out).toHaveLength(1))
    run.stop()
    expect(await run.exitCode).toBe(1)
    expect(run.err.join()).toContain('stuck')
  })

  test('does not start on wrong arguments, with exit code 2', async () => {
    const { running } = engine()
    const run = await program(['--prot', '1'], () => Promise.resolve(running))
    expect(await run.exitCode).toBe(2)
    expect(run.err.join()).toContain('Usage:')
    expect(run.started).not.toHaveBeenCalled()
  })
})

describe('its arguments', () => {
  test('have defaults', () => {
    expect(parseWebArguments([])).toEqual({ dataDir: null, port: 0, logLevel: 'warn' })
  })

  test('are read', () => {
    expect(parseWebArguments(['--data-dir', '/d', '--port=8080', '--log-level', 'info'])).toEqual({
      dataDir: '/d',
      port: 8080,
      logLevel: 'info',
    })
  })

  test.each([
    ['--port', '65536'],
    ['--port', '-1'],
    ['--port', '80x'],
    ['--port'],
    ['--log-level', 'debug'],
    ['--data-dir', ''],
    ['--pin', '1'],
    ['x'],
  ])('%s %s is refused', (...argv) => {
    expect(() => parseWebArguments(argv)).toThrow(UsageError)
  })
})
