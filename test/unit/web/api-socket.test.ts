import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { silentLog } from '#core/log.ts'
import { ApiSocket } from '../../../electron/web/api-socket.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'

/** A socket whose unread bytes the test decides. */
class SocketStandIn extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  readonly send = vi.fn()
  readonly terminate = vi.fn(() => {
    this.readyState = 3
  })
}

function browser(): { socket: SocketStandIn; api: ApiSocket; engine: EngineStandIn } {
  const socket = new SocketStandIn()
  // One call at a time, so that a call that has room shows that the one before it has ended.
  const engine = new EngineStandIn({ burst: 1000, perSecond: 1, inFlight: 1 })
  const parts = { dispatcher: engine.dispatcher, clock: engine.clock, log: silentLog, peer: 'web-1' }
  return { socket, engine, api: new ApiSocket(socket as unknown as WebSocket, parts) }
}

test('a browser that does not read is disconnected before it fills the memory', () => {
  const { socket, api } = browser()
  socket.bufferedAmount = 8 * 1024 * 1024
  api.send('still')
  expect(socket.send.mock.calls).toEqual([['still']])
  socket.bufferedAmount += 1
  api.send('too much')
  expect(socket.terminate).toHaveBeenCalledOnce()
  api.send('late')
  expect(socket.send).toHaveBeenCalledOnce()
})

test('an answer for a browser that has gone is dropped', async () => {
  const { socket, engine } = browser()
  const gate = Promise.withResolvers<undefined>()
  engine.signIn('auditor')
  engine.answer('access.touch', () => gate.promise.then(() => ({})))
  socket.emit('message', Buffer.from('{"id":1,"call":"access.touch","input":{}}'), false)
  await vi.waitFor(() => expect(engine.calls).toHaveLength(1))
  socket.readyState = 3
  gate.resolve(undefined)
  await vi.waitFor(async () => {
    expect((await engine.dispatcher.call('web-1', 'console.status', {})).ok).toBe(true)
  })
  expect(socket.send).not.toHaveBeenCalled()
})

test('a browser that has gone leaves no timer behind', () => {
  const { socket, engine } = browser()
  expect(engine.clock.pending).toBe(1)
  socket.emit('close')
  expect(engine.clock.pending).toBe(0)
})
