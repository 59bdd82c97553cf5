import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { eventNames, type EventName } from '#shared/contract/events.ts'
import { type OperationName, operationNames, operations } from '#shared/contract/operations.ts'
import { maxRequestBytes } from '#shared/contract/transport.ts'
import { errorCodes, type Failure } from '#shared/errors.ts'
import { Role } from '#shared/model/primitives.ts'
import { SecurityException } from '#core/errors.ts'
import { sampleEvents, sampleOutputs, validInputs } from '../support/contract-samples.ts'
import { EngineStandIn } from '../support/engine-stand-in.ts'
import { type OpenTransport, transports } from './transports.ts'

const budget = { burst: 200, perSecond: 10, inFlight: 4 }

describe.each(transports)('the contract over $name', ({ open }) => {
  let engine: EngineStandIn
  let opened: OpenTransport

  beforeEach(async () => {
    engine = new EngineStandIn(budget)
    opened = await open(engine)
  })
  afterEach(() => opened.close())

  const call = (name: string, input: unknown) => opened.transport.call(name, input)
  async function refused(name: string, input: unknown): Promise<Failure> {
    const reply = await call(name, input)
    if (reply.ok) throw new Error(`${name} was not refused`)
    return reply
  }

  describe.each(operationNames)('%s', (name) => {
    const needed = operations[name].role

    test('answers what its handler answers', async () => {
      engine.signIn('security_officer')
      expect(await call(name, validInputs[name])).toEqual({ ok: true, value: sampleOutputs[name] })
      expect(engine.calls).toEqual([
        { name, input: validInputs[name], caller: { actor: 'Mara', role: 'security_officer' } },
      ])
    })

    test('is refused without sign-in unless it is open to anyone', async () => {
      const reply = await call(name, validInputs[name])
      if (needed === 'anyone') {
        expect(reply.ok).toBe(true)
        expect(engine.calls[0]?.caller).toEqual({ actor: 'console', role: null })
      } else {
        expect(reply).toMatchObject({ ok: false, code: 'not_signed_in' })
        expect(engine.calls).toEqual([])
      }
    })

    test.each(Role.options)('judges the role %s', async (role) => {
      engine.signIn(role)
      const reply = await call(name, validInputs[name])
      const enough = needed === 'anyone' || Role.options.indexOf(role) >= Role.options.indexOf(needed)
      if (enough) {
        expect(reply.ok).toBe(true)
      } else {
        expect(reply).toMatchObject({ ok: false, code: 'not_allowed' })
        expect(engine.calls).toEqual([])
      }
    })

    const wrongInputs: [string, unknown][] = [
      ['nothing', undefined],
      ['null', null],
      ['text', 'x'],
      ['a list', []],
      ['a field too many', { ...validInputs[name], surprise: 1 }],
      ...Object.keys(validInputs[name]).map((key): [string, unknown] => [
        `an object as ${key}`,
        { ...validInputs[name], [key]: { unexpected: 1 } },
      ]),
    ]
    test.each(wrongInputs)('refuses %s as input', async (_label, input) => {
      engine.signIn('security_officer')
      const failure = await refused(name, input)
      expect(failure.code).toBe('invalid_input')
      expect(failure.message).toMatch(/\.$/)
      expect(engine.calls).toEqual([])
    })

    test('does not let an answer through that does not fit the contract', async () => {
      engine.signIn('security_officer')
      engine.answer(name, () => ({ leaked: 'a private key' }))
      const failure = await refused(name, validInputs[name])
      expect(failure.code).toBe('internal')
      expect(JSON.stringify(failure)).not.toContain('private')
    })
  })

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'console.status ',
    'Console.status',
    'x'.repeat(9000),
  ])('knows no operation %j', async (name) => {
    engine.signIn('security_officer')
    expect((await refused(name, {})).code).toBe('unknown_operation')
    expect(engine.calls).toEqual([])
  })

  test('says that a request is too large, and answers the next', async () => {
    engine.signIn('security_officer')
    const input = { ...validInputs['enrolment.refuse'], reason: 'x'.repeat(maxRequestBytes) }
    const failure = await refused('enrolment.refuse', input)
    expect(failure).toMatchObject({ code: 'invalid_input', message: 'The input is larger than 64 KiB.' })
    expect(engine.calls).toEqual([])
    expect((await call('console.status', {})).ok).toBe(true)
  })

  test('hands no prototype to a handler', async () => {
    const input: unknown = JSON.parse('{"pin":"246810","__proto__":{"polluted":true}}')
    await call('access.signIn', input)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    for (const seen of engine.calls) expect((seen.input as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('answers a typed refusal of a service with its code and text', async () => {
    engine.signIn('security_officer')
    engine.answer('enrolment.approve', () => {
      throw new SecurityException('already_enrolled', 'chaser-001 is enrolled already.')
    })
    expect(await refused('enrolment.approve', validInputs['enrolment.approve'])).toMatchObject({
      code: 'already_enrolled',
      message: 'chaser-001 is enrolled already.',
    })
  })

  test('answers any other failure with a reference and nothing of its text', async () => {
    engine.answer('access.signIn', () => Promise.reject(new Error('SQLITE: /home/mara/secret.db PIN 246810')))
    const failure = await refused('access.signIn', { pin: '246810' })
    expect(failure.code).toBe('internal')
    expect(JSON.stringify(failure)).not.toMatch(/SQLITE|secret|246810|at /)
    expect(
      engine.logLines.some((line) => line.includes(failure.correlationId) && line.includes('SQLITE')),
    ).toBe(true)
  })

  test('answers nothing but the fields and codes of the contract', async () => {
    const failure = await refused('fleet.list', {})
    expect(Object.keys(failure).sort()).toEqual(['code', 'correlationId', 'message', 'ok'])
    expect(errorCodes).toContain(failure.code)
  })

  test('answers calls that overlap each to its caller', async () => {
    engine.signIn('security_officer')
    const gates = [Promise.withResolvers<object>(), Promise.withResolvers<object>()]
    let started = 0
    engine.answer('access.touch', () => gates[started++]!.promise)
    const answers: string[] = []
    const first = call('access.touch', {}).then(() => answers.push('first'))
    await vi.waitFor(() => expect(started).toBe(1))
    const second = call('access.touch', {}).then(() => answers.push('second'))
    await vi.waitFor(() => expect(started).toBe(2))
    gates[1]!.resolve({})
    await second
    gates[0]!.resolve({})
    await first
    expect(answers).toEqual(['second', 'first'])
  })

  test('takes only so many unanswered calls', async () => {
    engine.signIn('security_officer')
    const gate = Promise.withResolvers<object>()
    engine.answer('access.touch', () => gate.promise)
    const waiting = Array.from({ length: budget.inFlight }, () => call('access.touch', {}))
    await vi.waitFor(() => expect(engine.calls).toHaveLength(budget.inFlight))
    expect((await refused('console.status', {})).code).toBe('rate_limited')
    gate.resolve({})
    for (const reply of await Promise.all(waiting)) expect(reply.ok).toBe(true)
    expect((await call('console.status', {})).ok).toBe(true)
  })

  test('takes only so many calls in a time, and more later', async () => {
    for (let spent = 0; spent < budget.burst; spent++)
      expect((await call('console.status', {})).ok).toBe(true)
    expect((await refused('console.status', {})).code).toBe('rate_limited')
    engine.clock.advance(1000)
    expect((await call('console.status', {})).ok).toBe(true)
  })

  describe('events', () => {
    const last: OperationName & EventName = 'console.status'
    /** Publishes everything, the console's status last; resolves when that one has arrived, so all before it have. */
    async function published(): Promise<string[]> {
      const seen: string[] = []
      const end = Promise.withResolvers<undefined>()
      const stops = eventNames.map((name) =>
        opened.transport.on(name, (payload) => {
          expect(payload).toEqual(sampleEvents[name])
          seen.push(name)
          if (name === last) end.resolve(undefined)
        }),
      )
      for (const name of eventNames) if (name !== last) engine.feed.publish(name, sampleEvents[name])
      engine.feed.publish(last, sampleEvents[last])
      await end.promise
      for (const stop of stops) stop()
      return seen
    }

    test('all arrive while somebody is signed in', async () => {
      engine.signIn('auditor')
      expect((await published()).sort()).toEqual([...eventNames].sort())
    })

    test('only the console’s status arrives while nobody is', async () => {
      expect(await published()).toEqual([last])
    })

    test('stop arriving at a lock and arrive again after it', async () => {
      engine.signIn('auditor')
      await published()
      engine.signOut()
      expect(await published()).toEqual([last])
      engine.signIn('auditor')
      expect(await published()).toHaveLength(eventNames.length)
    })

    test('an event that does not fit the contract goes to nobody', async () => {
      engine.signIn('auditor')
      const seen = vi.fn()
      opened.transport.on('fleet.changed', seen)
      engine.feed.publish('fleet.changed', { privateKey: 'leaked' } as never)
      await published()
      expect(seen.mock.calls).toEqual([[sampleEvents['fleet.changed']]])
    })

    test('go to each listener until it is taken back', async () => {
      engine.signIn('auditor')
      const stays = vi.fn()
      const goes = vi.fn()
      opened.transport.on('fleet.changed', stays)
      const stop = opened.transport.on('fleet.changed', goes)
      await published()
      stop()
      stop()
      await published()
      expect(stays).toHaveBeenCalledTimes(2)
      expect(goes).toHaveBeenCalledTimes(1)
    })

    test('carry the payload and nothing else to a listener', async () => {
      engine.signIn('auditor')
      const seen = vi.fn()
      opened.transport.on('audit.appended', seen)
      await published()
      expect(seen.mock.calls).toEqual([[sampleEvents['audit.appended']]])
    })
  })
})
