import type { WebSocket } from 'ws'
import type { Clock } from '#core/clock.ts'
import type { Dispatcher } from '#core/dispatch/dispatcher.ts'
import { readRequestFrame, writeServerFrame } from '#core/dispatch/frames.ts'
import { errorFields, type Log } from '#core/log.ts'

/** How often a browser must show that it is there, in milliseconds. */
const pingInterval = 20_000

/** Unread bytes after which a browser that does not read is disconnected. */
const maxUnread = 8 * 1024 * 1024

/** Close codes of RFC 6455 section 7.4.1. */
const unsupportedData = 1003
const policyViolation = 1008

export interface ApiSocketParts {
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly log: Log
  /** Names this socket to the dispatcher. */
  readonly peer: string
}

/** One browser's WebSocket: requests in, replies and events out, one JSON text each. */
export class ApiSocket {
  readonly #socket: WebSocket
  readonly #parts: ApiSocketParts
  #answered = true
  #cancelPing: () => void

  constructor(socket: WebSocket, parts: ApiSocketParts) {
    this.#socket = socket
    this.#parts = parts
    this.#cancelPing = parts.clock.after(pingInterval, () => this.#ping())
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    socket.on('pong', () => {
      this.#answered = true
    })
    socket.on('close', () => this.#cancelPing())
    // Too large, not UTF-8, not a frame: ws closes the socket with the code that says so.
    socket.on('error', (error) =>
      parts.log.warn('a browser broke the protocol', { peer: parts.peer, ...errorFields(error) }),
    )
  }

  /** Sends one text; a browser that has stopped reading is disconnected and may come back. */
  send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > maxUnread) {
      this.#parts.log.warn('a browser does not read and was disconnected', { peer: this.#parts.peer })
      this.#socket.terminate()
      return
    }
    this.#socket.send(text)
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#socket.close(unsupportedData, 'text frames only')
      return
    }
    const frame = readRequestFrame(data.toString('utf8'))
    if (frame === null) {
      this.#socket.close(policyViolation, 'not a request frame')
      return
    }
    void this.#parts.dispatcher.call(this.#parts.peer, frame.call, frame.input).then((reply) => {
      this.send(writeServerFrame({ id: frame.id, reply }))
    })
  }

  #ping(): void {
    if (!this.#answered) {
      this.#socket.terminate()
      return
    }
    this.#answered = false
    this.#socket.ping()
    this.#cancelPing = this.#parts.clock.after(pingInterval, () => this.#ping())
  }
}
