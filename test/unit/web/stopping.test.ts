import { describe, expect, test, vi } from 'vitest'
import { silentLog } from '#core/log.ts'
import { stopInOrder } from '#core/stopping.ts'
import { FakeClock } from '../../support/clock.ts'

describe('an orderly stop', () => {
  test('runs one step after the other', async () => {
    const clock = new FakeClock()
    const order: string[] = []
    const gate = Promise.withResolvers<undefined>()
    const stopping = stopInOrder(
      [() => gate.promise.then(() => void order.push('first')), () => void order.push('second')],
      {
        clock,
        log: silentLog,
      },
    )
    await Promise.resolve()
    expect(order).toEqual([])
    gate.resolve(undefined)
    expect(await stopping).toBe(true)
    expect(order).toEqual(['first', 'second'])
    expect(clock.pending).toBe(0)
  })

  test('goes on after a step that fails, and says so', async () => {
    const after = vi.fn()
    const error = vi.fn()
    const fails = (): Promise<void> => Promise.reject(new Error('stuck'))
    expect(await stopInOrder([fails, after], { clock: new FakeClock(), log: { ...silentLog, error } })).toBe(
      false,
    )
    expect(after).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledOnce()
  })

  test('waits five seconds and no longer', async () => {
    const clock = new FakeClock()
    const settled = vi.fn()
    const stopping = stopInOrder([() => new Promise(() => undefined)], { clock, log: silentLog })
    void stopping.then(settled)
    clock.advance(4999)
    await Promise.resolve()
    expect(settled).not.toHaveBeenCalled()
    clock.advance(1)
    expect(await stopping).toBe(false)
  })
})
