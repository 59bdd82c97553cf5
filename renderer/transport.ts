import { typed, type Transport } from '#shared/contract/transport.ts'
import type { Connection, Engine } from './engine.ts'
import { SocketTransport } from './socket-transport.ts'

declare global {
  interface Window {
    /** Put there by Electron's preload script: exactly `call` and `on`. */
    readonly groundlock?: Transport
  }
}

const alwaysOpen: Connection = {
  state: 'open',
  onChange: () => () => undefined,
}

/** The way to the engine: Electron's bridge where there is one, else a WebSocket to the host of this page. */
export function openEngine(window: Window): Engine {
  if (window.groundlock) return { transport: typed(window.groundlock), connection: alwaysOpen }
  const scheme = window.location.protocol === 'https:' ? 'wss:' : 'ws:'
  const url = `${scheme}//${window.location.host}/api`
  const socket = new SocketTransport({ open: () => new WebSocket(url), timer: window })
  socket.start()
  return { transport: typed(socket), connection: socket }
}
