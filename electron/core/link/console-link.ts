import { Emitter } from '../emitter.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import type { Frame, Link, LinkState } from './link.ts'

/** The console's own link: the gateway's relay, reached by a call. It is connected while the gateway listens. */
export class ConsoleLink implements Link {
  readonly localAgent: string
  readonly #events: Emitter<{ frame: Frame; state: { state: LinkState; reason: string | null } }>
  readonly #relay: (frame: Uint8Array) => boolean
  #state: LinkState = 'disconnected'

  /** `relay` takes an encoded frame from the console; false if it was not queued. */
  constructor(localAgent: string, relay: (frame: Uint8Array) => boolean, onError?: (error: unknown) => void) {
    this.localAgent = localAgent
    this.#relay = relay
    this.#events = new Emitter(onError)
  }

  get state(): LinkState {
    return this.#state
  }

  send(frame: Frame): boolean {
    return this.#state === 'connected' && this.#relay(encodeFrame(frame))
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    return this.#events.on('frame', listener)
  }

  onState(listener: (state: LinkState, reason: string | null) => void): () => void {
    return this.#events.on('state', ({ state, reason }) => listener(state, reason))
  }

  /** A frame for the console, encoded. For the gateway only. */
  deliver(bytes: Uint8Array): void {
    this.#events.emit('frame', decodeFrame(bytes))
  }

  /** For the gateway only. */
  turn(state: LinkState, reason: string | null): void {
    if (state === this.#state) return
    this.#state = state
    this.#events.emit('state', { state, reason })
  }
}
