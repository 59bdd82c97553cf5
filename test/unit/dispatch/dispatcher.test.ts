import { describe, expect, test, vi } from 'vitest'
import { Dispatcher, type Handlers } from '#core/dispatch/dispatcher.ts'
import { silentLog } from '#core/log.ts'
import { FakeClock } from '../../support/clock.ts'
import { sampleOutputs, validInputs } from '../../support/contract-samples.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'

const code = async (reply: ReturnType<Dispatcher['call']>): Promise<string> => {
  const settled = await reply
  return settled.ok ? 'ok' : settled.code
}

describe('the order at the door', () => {
  test('an unknown name is refused before anything is asked of the session', async () => {
    const engine = new EngineStandIn()
    expect(await code(engine.dispatcher.call('a', 'no.such', { any: 'input' }))).toBe('unknown_operation')
  })

  test('who is not signed in does not learn what input would do', async () => {
    const engine = new EngineStandIn()
    expect(await code(engine.dispatcher.call('a', 'fleet.declareCompromised', { wrong: true }))).toBe(
      'not_signed_in',
    )
  })

  test('who has not the role does not learn it either', async () => {
    const engine = new EngineStandIn()
    engine.signIn('operator')
    expect(await code(engine.dispatcher.call('a', 'fleet.declareCompromised', { wrong: true }))).toBe(
      'not_allowed',
    )
  })

  test('a spent budget is refused before the name is looked at', async () => {
    const engine = new EngineStandIn({ burst: 1, perSecond: 1, inFlight: 1 })
    await engine.dispatcher.call('a', 'console.status', {})
    expect(await code(engine.dispatcher.call('a', 'no.such', {}))).toBe('rate_limited')
    expect(await code(engine.dispatcher.call('b', 'console.status', {}))).toBe('ok')
  })
})

describe('input', () => {
  test('reaches the handler as its schema made it', async () => {
    const engine = new EngineStandIn()
    await engine.dispatcher.call('a', 'token.create', { ...validInputs['token.create'], label: '  ops  ' })
    expect(engine.calls[0]?.input).toMatchObject({ label: 'ops' })
  })

  test('is taken only as what JSON can say', async () => {
    const engine = new EngineStandIn()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const input of [cycle, { pin: 5n }, () => 1, Symbol('x')]) {
      expect(await code(engine.dispatcher.call('a', 'access.signIn', input))).toBe('invalid_input')
    }
    // A Map has no JSON fields, so it is an object without the field, not one with it.
    expect(await code(engine.dispatcher.call('a', 'access.signIn', new Map([['pin', '1']])))).toBe(
      'invalid_input',
    )
    expect(engine.calls).toEqual([])
  })

  test('counts in bytes, not in characters', async () => {
    const engine = new EngineStandIn()
    const reply = await engine.dispatcher.call('a', 'access.signIn', { pin: '€'.repeat(30_000) })
    expect(reply).toMatchObject({ code: 'invalid_input', message: 'The input is larger than 64 KiB.' })
  })
})

describe('refusals', () => {
  test('are told to the audit hook with peer, operation, code and actor', async () => {
    const engine = new EngineStandIn()
    await engine.dispatcher.call('window-1', 'fleet.list', {})
    engine.signIn('auditor')
    await engine.dispatcher.call('window-1', 'session.rotateAll', {})
    await engine.dispatcher.call('window-1', 'x'.repeat(500), {})
    expect(engine.refusals).toEqual([
      { peer: 'window-1', operation: 'fleet.list', code: 'not_signed_in', actor: 'console' },
      { peer: 'window-1', operation: 'session.rotateAll', code: 'not_allowed', actor: 'Mara' },
      { peer: 'window-1', operation: 'x'.repeat(64), code: 'unknown_operation', actor: 'Mara' },
    ])
  })

  test('are answered even if the hook fails', async () => {
    const dispatcher = new Dispatcher({
      handlers: {} as Handlers,
      caller: () => null,
      clock: new FakeClock(),
      log: silentLog,
      audit: () => {
        throw new Error('disk full')
      },
    })
    expect(await code(dispatcher.call('a', 'fleet.list', {}))).toBe('not_signed_in')
  })

  test('name the role that is needed and the one that is held', async () => {
    const engine = new EngineStandIn()
    engine.signIn('auditor')
    expect(
      await engine.dispatcher.call('a', 'authority.create', validInputs['authority.create']),
    ).toMatchObject({
      message: 'This needs the role security officer; Mara has the role auditor.',
    })
  })

  test('are not what a success is', async () => {
    const engine = new EngineStandIn()
    await engine.dispatcher.call('a', 'console.status', {})
    expect(engine.refusals).toEqual([])
  })
})

describe('the log', () => {
  test('holds no input, whether it was taken or refused', async () => {
    const engine = new EngineStandIn()
    engine.answer('access.signIn', () => Promise.reject(new Error('broken')))
    await engine.dispatcher.call('a', 'access.signIn', { pin: 'pin-246810' })
    await engine.dispatcher.call('a', 'access.signIn', { pin: { 'pin-246810': 'pin-246810' } })
    await engine.dispatcher.call('a', 'token.create', { pin: 'pin-246810' })
    expect(engine.logLines.length).toBeGreaterThan(0)
    expect(engine.logLines.join()).not.toContain('pin-246810')
  })

  test('names operations that take long', async () => {
    const engine = new EngineStandIn()
    engine.answer('console.status', () => {
      engine.clock.advance(5000)
      return sampleOutputs['console.status']
    })
    await engine.dispatcher.call('a', 'console.status', {})
    expect(engine.logLines.join()).toContain('"operation":"console.status","milliseconds":5000')
  })
})

test('a call never rejects, even if the session cannot be asked', async () => {
  const lines: string[] = []
  const note = (message: string): number => lines.push(message)
  const dispatcher = new Dispatcher({
    handlers: {} as Handlers,
    caller: vi.fn(() => {
      throw new Error('no session')
    }),
    clock: new FakeClock(),
    log: { info: note, warn: note, error: note },
  })
  expect(await code(dispatcher.call('a', 'fleet.list', {}))).toBe('internal')
  expect(lines).toContain('operation failed')
})
