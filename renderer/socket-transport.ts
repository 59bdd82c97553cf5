import type { RequestFrame, ServerFrame, Transport, Unsubscribe } from '#shared/contract/transport.ts'
import type { Failure, Reply } from '#shared/errors.ts'
import type { Connection, ConnectionState } from './engine.ts'

/** The part of a WebSocket that is used here. */
export type Socket = Pick<WebSocket, 'addEventListener' | 'send' | 'close'>

interface Dependencies {
  open: () => Socket
  timer: { setTimeout(task: () => void, milliseconds: number): number }
}

const firstDelay = 500
const longestDelay = 8000

const failure = (message: string): Failure => ({ ok: false, code: 'internal', message, correlationId: '' })

/**
 * The contract over a WebSocket, one JSON text a frame (shared/contract/transport.ts). A lost connection is opened
 * again after 0.5 s, then twice as long each time up to 8 s. A call never throws and is never sent twice: what was
 * under way when the connection broke fails, because its outcome is not known here.
 */
export class SocketTransport implements Transport, Connection {
  readonly #dependencies: Dependencies
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>()
  readonly #watchers = new Set<(state: ConnectionState) => void>()
  #socket: Socket | null = null
  #state: ConnectionState = 'connecting'
  #nextId = 1
  #delay = firstDelay

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  get state(): ConnectionState {
    return this.#state
  }

  onChange(listener: (state: ConnectionState) => void): Unsubscribe {
    this.#watchers.add(listener)
    return () => this.#watchers.delete(listener)
  }

  /** Opens the connection and keeps it open from now on. */
  start(): void {
    const socket = this.#dependencies.open()
    socket.addEventListener('open', () => {
      this.#socket = socket
      this.#delay = firstDelay
      this.#become('open')
    })
    socket.addEventListener('message', (event: MessageEvent) => this.#receive(event.data))
    socket.addEventListener('close', () => this.#lost())
  }

  call(name: string, input: unknown): Promise<Reply> {
    const socket = this.#socket
    if (!socket) {
      return Promise.resolve(
        failure('The engine cannot be reached. Nothing was done; try again once it is back.'),
      )
    }
    const frame: RequestFrame = { id: this.#nextId++, call: name, input }
    return new Promise((resolve) => {
      this.#waiting.set(frame.id, resolve)
      socket.send(JSON.stringify(frame))
    })
  }

  on(event: string, listener: (payload: unknown) => void): Unsubscribe {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string') return
    const frame = JSON.parse(data) as ServerFrame
    if ('event' in frame) {
      for (const listener of this.#listeners.get(frame.event) ?? []) listener(frame.payload)
      return
    }
    const answer = this.#waiting.get(frame.id)
    this.#waiting.delete(frame.id)
    answer?.(frame.reply)
  }

  #lost(): void {
    this.#socket = null
    for (const answer of this.#waiting.values()) {
      answer(
        failure(
          'The connection to the engine broke before it answered. Look in the audit log whether it was done.',
        ),
      )
    }
    this.#waiting.clear()
    this.#become('lost')
    this.#dependencies.timer.setTimeout(() => this.start(), this.#delay)
    this.#delay = Math.min(this.#delay * 2, longestDelay)
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    for (const watcher of this.#watchers) watcher(state)
  }
}
