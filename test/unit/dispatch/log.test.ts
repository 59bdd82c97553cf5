import { describe, expect, test } from 'vitest'
import { SecurityException } from '#core/errors.ts'
import { createLog, errorFields, type LogFields, type LogLevel } from '#core/log.ts'
import { FakeClock } from '../../support/clock.ts'

function written(level: LogLevel): {
  lines: () => Record<string, unknown>[]
  log: ReturnType<typeof createLog>
} {
  const texts: string[] = []
  const log = createLog({ write: (line) => texts.push(line) }, level, new FakeClock())
  return { log, lines: () => texts.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('the log', () => {
  test('writes one JSON object a line with time, level, message and fields', () => {
    const texts: string[] = []
    createLog({ write: (line) => texts.push(line) }, 'info', new FakeClock()).info('two\nlines', {
      port: 7443,
      host: null,
    })
    expect(texts).toEqual([
      '{"time":"2026-11-21T00:00:00.000Z","level":"info","message":"two\\nlines","port":7443,"host":null}\n',
    ])
  })

  test('drops what is below its level', () => {
    const { log, lines } = written('warn')
    log.info('quiet')
    log.warn('heard')
    log.error('loud')
    expect(lines().map(({ message }) => message)).toEqual(['heard', 'loud'])
  })

  test('names what is no primitive by its type and does not write it', () => {
    const { log, lines } = written('info')
    log.info('slip', { key: Buffer.from('secret'), pin: ['246810'] } as unknown as LogFields)
    expect(lines()[0]).toMatchObject({ key: '[object]', pin: '[object]' })
  })

  test('lets no field take the place of time, level or message', () => {
    const { log, lines } = written('info')
    log.warn('real', { level: 'error', message: 'forged' })
    expect(lines()[0]).toMatchObject({ level: 'warn', message: 'real' })
  })

  test('cuts long text', () => {
    const { log, lines } = written('info')
    log.info('long', { text: 'x'.repeat(100_000) })
    expect((lines()[0]?.['text'] as string).length).toBeLessThan(2100)
  })
})

describe('errors in the log', () => {
  test('carry name, code, message, cause and frames', () => {
    const cause = new Error('driver said no')
    const fields = errorFields(new SecurityException('storage_full', 'The disk is full.', { cause }))
    expect(fields).toMatchObject({
      error: 'SecurityException',
      code: 'storage_full',
      problem: 'The disk is full.',
      cause: 'Error: driver said no',
    })
    expect(fields['stack']).toMatch(/^at .*log\.test\.ts/)
  })

  test('do not quote what JSON.parse could not read', () => {
    let error: unknown
    try {
      JSON.parse('pin 246810')
    } catch (caught) {
      error = caught
    }
    const wrapped = new SecurityException('token_damaged', 'The vault is damaged.', { cause: error })
    expect(JSON.stringify([errorFields(error), errorFields(wrapped)])).not.toContain('246810')
  })

  test('are named by type when something else was thrown', () => {
    expect(errorFields('246810')).toEqual({ error: 'string' })
  })
})
