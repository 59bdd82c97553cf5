import { describe, expect, it } from 'vitest'
import { SocketTransport } from '../../../renderer/socket-transport.ts'

class FakeSocket extends EventTarget {
  readonly sent: { id: number; call: string; input: unknown }[] = []
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket['sent'][number])
  }
  close(): void {
    this.dispatchEvent(new Event('close'))
  }
  open(): void {
    this.dispatchEvent(new Event('open'))
  }
  deliver(frame: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }))
  }
}

function connect() {
  const sockets: FakeSocket[] = []
  const timers: { task: () => void; milliseconds: number }[] = []
  const transport = new SocketTransport({
    open: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    timer: { setTimeout: (task, milliseconds) => timers.push({ task, milliseconds }) },
  })
  transport.start()
  return { transport, sockets, timers }
}

describe('the WebSocket transport', () => {
  it('gives each call its own reply, in whatever order they come', async () => {
    const { transport, sockets } = connect()
    sockets[0]!.open()
    const first = transport.call('fleet.list', {})
    const second = transport.call('session.list', {})
    const [a, b] = sockets[0]!.sent
    sockets[0]!.deliver({ id: b!.id, reply: { ok: true, value: 'sessions' } })
    sockets[0]!.deliver({ id: a!.id, reply: { ok: true, value: 'fleet' } })
    expect(await first).toEqual({ ok: true, value: 'fleet' })
    expect(await second).toEqual({ ok: true, value: 'sessions' })
  })

  it('fails what was under way when the connection broke, and never sends it again', async () => {
    const { transport, sockets, timers } = connect()
    sockets[0]!.open()
    const call = transport.call('session.rotateAll', {})
    sockets[0]!.close()
    expect(await call).toMatchObject({ ok: false, message: expect.stringContaining('audit log') as string })
    timers[0]!.task()
    sockets[1]!.open()
    expect(sockets[1]!.sent).toEqual([])
    expect(transport.state).toBe('open')
  })

  it('says at once that nothing was done while there is no connection', async () => {
    const { transport, sockets } = connect()
    expect(await transport.call('fleet.list', {})).toMatchObject({
      ok: false,
      message: expect.stringContaining('Nothing was done') as string,
    })
    expect(sockets[0]!.sent).toEqual([])
  })

  it('waits twice as long after each failure up to 8 s, and starts over once it was open', () => {
    const { sockets, timers } = connect()
    for (let attempt = 0; attempt < 6; attempt++) {
      sockets[attempt]!.close()
      timers[attempt]!.task()
    }
    expect(timers.map((timer) => timer.milliseconds)).toEqual([500, 1000, 2000, 4000, 8000, 8000])
    sockets[6]!.open()
    sockets[6]!.close()
    expect(timers[6]!.milliseconds).toBe(500)
  })

  it('tells listeners of an event until they unsubscribe, across connections', () => {
    const { transport, sockets, timers } = connect()
    const heard: unknown[] = []
    const stop = transport.on('fleet.changed', (payload) => heard.push(payload))
    sockets[0]!.open()
    sockets[0]!.deliver({ event: 'fleet.changed', payload: 1 })
    sockets[0]!.close()
    timers[0]!.task()
    sockets[1]!.open()
    sockets[1]!.deliver({ event: 'fleet.changed', payload: 2 })
    sockets[1]!.deliver({ event: 'session.changed', payload: 'other' })
    stop()
    sockets[1]!.deliver({ event: 'fleet.changed', payload: 3 })
    expect(heard).toEqual([1, 2])
  })

  it('announces each change of the connection once', () => {
    const { transport, sockets, timers } = connect()
    const states: string[] = []
    transport.onChange((state) => states.push(state))
    sockets[0]!.open()
    sockets[0]!.close()
    timers[0]!.task()
    sockets[1]!.close()
    expect(states).toEqual(['open', 'lost'])
  })
})
