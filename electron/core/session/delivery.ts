import { encode } from 'cborg'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { opaqueId, type RandomSource } from '../crypto/random.ts'
import { decodeStrictly } from '../link/frame.ts'
import { messageTypePattern } from './envelope.ts'

/** Messages that may be on the way to one peer without an acknowledgement; the others wait, highest priority first. */
export const inFlightLimit = 64
/** Messages that may wait for one peer. */
export const outboxLimit = 10_000
/** A message that is not acknowledged is sent again after this many milliseconds, under a new sequence number. */
export const resendMilliseconds = 3_000
/** Message identifiers remembered per peer, so that what is sent again is delivered once. */
const rememberedIds = 4_096
/** Largest message, in bytes, encoded. */
export const maxMessageBytes = 128 * 1024

/** What is said in a message: a JSON object with a type. */
export type Message = { readonly type: string; readonly [field: string]: unknown }

const Bytes16 = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 16)
const Payload = z.tuple([Bytes16, z.looseObject({ type: z.string().regex(messageTypePattern) })])

interface Item {
  readonly id: string
  readonly type: string
  readonly payload: Uint8Array
  readonly priority: number
  readonly order: number
  cancelResend: () => void
  cancelDeadline: () => void
  inFlight: boolean
  settle(delivered: boolean): void
}

/**
 * Delivery to and from one peer: each message is acknowledged by its identifier, sent again until it is, and handed
 * over once. It outlives the session, so a reconnect or a new session loses nothing.
 */
export class Delivery {
  readonly #clock: Clock
  readonly #random: RandomSource
  /** Seals and sends; false when there is no session or no link now. */
  readonly #transmit: (type: string, payload: Uint8Array, priority: number) => boolean
  readonly #outbox = new Map<string, Item>()
  readonly #seen = new Set<string>()
  #order = 0
  #inFlight = 0

  constructor(options: {
    clock: Clock
    random: RandomSource
    transmit: (type: string, payload: Uint8Array, priority: number) => boolean
  }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#transmit = options.transmit
  }

  get waiting(): number {
    return this.#outbox.size
  }

  /**
   * Sends `message` when its turn comes. Resolves true when the peer has acknowledged it, false when it has not within
   * `timeout` milliseconds or the queue is full.
   */
  send(message: Message, priority: number, timeout: number): Promise<boolean> {
    if (this.#outbox.size >= outboxLimit) return Promise.resolve(false)
    const { id, payload } = encodeMessage(this.#random, message)
    return new Promise((resolve) => {
      const item: Item = {
        id,
        type: message.type,
        payload,
        priority,
        order: this.#order++,
        inFlight: false,
        cancelResend: () => undefined,
        cancelDeadline: this.#clock.after(timeout, () => this.#drop(id, false)),
        settle: resolve,
      }
      this.#outbox.set(id, item)
      this.pump()
    })
  }

  /** Sends what may be sent now. Called when a session or a link comes up and whenever a place gets free. */
  pump(): void {
    while (this.#inFlight < inFlightLimit) {
      const next = this.#next()
      if (next === null || !this.#transmit(next.type, next.payload, next.priority)) return
      next.inFlight = true
      this.#inFlight++
      next.cancelResend = this.#clock.after(resendMilliseconds, () => this.#again(next))
    }
  }

  /** The session or the link is gone: what was on the way is sent again, first. */
  interrupted(): void {
    for (const item of this.#outbox.values()) this.#ground(item)
  }

  /** The peer acknowledged a message. */
  acknowledged(payload: Uint8Array): void {
    if (payload.length === 16) this.#drop(Buffer.from(payload).toString('hex'), true)
  }

  /** Reads a received message. Null when it is malformed; `repeated` when it was handed over before. */
  read(payload: Uint8Array): { id: Uint8Array; message: Message; repeated: boolean } | null {
    const parsed = parsePayload(payload)
    if (parsed === null) return null
    const [id, message] = parsed
    const key = Buffer.from(id).toString('hex')
    const repeated = this.#seen.has(key)
    this.#seen.add(key)
    if (this.#seen.size > rememberedIds) {
      const [oldest] = this.#seen
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    return { id, message, repeated }
  }

  /** Gives every waiting message up. */
  stop(): void {
    for (const id of [...this.#outbox.keys()]) this.#drop(id, false)
  }

  #next(): Item | null {
    let best: Item | null = null
    for (const item of this.#outbox.values()) {
      if (!item.inFlight && (best === null || item.priority > best.priority)) best = item
      if (best?.priority === 5) break
    }
    return best
  }

  #again(item: Item): void {
    this.#ground(item)
    this.pump()
  }

  #ground(item: Item): void {
    if (!item.inFlight) return
    item.inFlight = false
    item.cancelResend()
    this.#inFlight--
  }

  #drop(id: string, delivered: boolean): void {
    const item = this.#outbox.get(id)
    if (item === undefined) return
    this.#ground(item)
    item.cancelDeadline()
    this.#outbox.delete(id)
    item.settle(delivered)
    this.pump()
  }
}

/** A message as it is sealed: CBOR `[identifier (16), message]`. */
export function encodeMessage(
  random: RandomSource,
  message: Message,
): { readonly id: string; readonly payload: Uint8Array } {
  const id = opaqueId(random)
  return { id, payload: encode([Buffer.from(id, 'hex'), message]) }
}

function parsePayload(payload: Uint8Array): z.infer<typeof Payload> | null {
  try {
    return Payload.parse(decodeStrictly(payload))
  } catch {
    return null
  }
}
