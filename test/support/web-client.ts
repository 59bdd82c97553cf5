import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ServerFrame, Transport } from '#shared/contract/transport.ts'
import type { Reply } from '#shared/errors.ts'

/** Uses the one-use address as a browser does and answers the cookie it got, ready to send. */
export async function openConsole(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' })
  const cookie = response.headers.get('set-cookie')
  if (response.status !== 302 || cookie === null) throw new Error(`the address answered ${response.status}`)
  return cookie.split(';', 1)[0] ?? ''
}

/** Opens the contract's WebSocket with a cookie; resolves when it is open. */
export async function connectSocket(origin: string, cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api`, { headers: { origin, cookie } })
  await once(socket, 'open')
  return socket
}

/** The contract over such a socket. A call that the socket's end leaves unanswered is rejected. */
export function socketTransport(socket: WebSocket): Transport {
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>()
  const listeners = new Set<{ event: string; listener: (payload: unknown) => void }>()
  let nextId = 1
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString('utf8')) as ServerFrame
    if ('event' in frame) {
      for (const entry of [...listeners]) if (entry.event === frame.event) entry.listener(frame.payload)
      return
    }
    waiting.get(frame.id)?.resolve(frame.reply)
    waiting.delete(frame.id)
  })
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the socket closed'))
  })
  return {
    call: (call, input) =>
      new Promise((resolve, reject) => {
        const id = nextId++
        waiting.set(id, { resolve, reject })
        socket.send(JSON.stringify({ id, call, input }))
      }),
    on(event, listener) {
      const entry = { event, listener }
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
  }
}
