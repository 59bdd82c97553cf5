import { encode } from 'cborg'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { opaqueId, type RandomSource } from '../crypto/random.ts'
import { decodeStrictly } from '../link/frame.ts'
import { messageTypePattern } from './envelope.ts'
import { isJsonValue } from './json-value.ts'

/** Messages that may be on the way to one peer without an acknowledgement; the others wait, highest priority first. */
export const inFlightLimit = 64
/** Messages that may wait for one peer. */
export const outboxLimit = 10_000
/** A message that is not acknowledged is sent again after this many milliseconds, under a new sequence number. */
export const resendMilliseconds = 3_000
/**
 * Message identifiers remembered per peer, so that what is sent again is delivered once: more than the gateway relays
 * for one agent in the time that a message is sent again.
 */
const rememberedIds = 65_536
/** Largest message, in bytes, encoded. */
export const maxMessageBytes = 128 * 1024

/** The order in which priorities leave. */
const priorities = [5, 4, 3, 2, 1] as const

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
  settle(delivered: boolean): void
  fail(error: unknown): void
}

/**
 * Delivery to and from one peer: each message is acknowledged by its identifier, sent again until it is, and handed
 * over once. It outlives the session, so a reconnect or a new session loses nothing.
 */
export class Delivery {
  readonly #clock: Clock
  readonly #random: RandomSource
  /** Seals and sends; false when there is no session or no link now. What it throws, the message is refused with. */
  readonly #transmit: (type: string, payload: Uint8Array, priority: number) => boolean
  readonly #outbox = new Map<string, Item>()
  /** What waits to be sent, by priority, in the order it came. */
  readonly #waiting = new Map<number, Map<string, Item>>(priorities.map((priority) => [priority, new Map()]))
  readonly #inFlight = new Set<Item>()
  readonly #seen = new Set<string>()
  #order = 0

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
   * `timeout` milliseconds or the queue is full. Rejects when it cannot be sealed, e.g. with `storage_full`.
   */
  send(message: Message, priority: number, timeout: number): Promise<boolean> {
    if (this.#outbox.size >= outboxLimit) return Promise.resolve(false)
    const { id, payload } = encodeMessage(this.#random, message)
    return new Promise((resolve, reject) => {
      const item: Item = {
        id,
        type: message.type,
        payload,
        priority,
        order: this.#order++,
        cancelResend: () => undefined,
        cancelDeadline: this.#clock.after(timeout, () => this.#drop(id, false)),
        settle: resolve,
        fail: reject,
      }
      this.#outbox.set(id, item)
      this.#waiting.get(priority)?.set(id, item)
      this.pump()
    })
  }

  /** Sends what may be sent now. Called when a session or a link comes up and whenever a place gets free. */
  pump(): void {
    while (this.#inFlight.size < inFlightLimit) {
      const next = this.#next()
      if (next === null) return
      try {
        if (!this.#transmit(next.type, next.payload, next.priority)) return
      } catch (error) {
        this.#remove(next)
        next.fail(error)
        continue
      }
      // Sending may have ended in a session that is gone and pumped again; then this one is in flight already.
      if (!this.#waiting.get(next.priority)?.delete(next.id)) continue
      this.#inFlight.add(next)
      next.cancelResend = this.#clock.after(resendMilliseconds, () => this.#again(next))
    }
  }

  /** The session or the link is gone: what was on the way is sent again, first. */
  interrupted(): void {
    this.#ground([...this.#inFlight])
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
    return { id, message, repeated: this.#seen.has(Buffer.from(id).toString('hex')) }
  }

  /** The message with this identifier has reached its reader: from now on it is `repeated`. */
  handedOver(id: Uint8Array): void {
    this.#seen.add(Buffer.from(id).toString('hex'))
    if (this.#seen.size <= rememberedIds) return
    const [oldest] = this.#seen
    if (oldest !== undefined) this.#seen.delete(oldest)
  }

  /** Gives every waiting message up; none of them is sent on the way out. */
  stop(): void {
    const given = [...this.#outbox.values()]
    for (const item of given) this.#remove(item)
    for (const item of given) item.settle(false)
  }

  #next(): Item | null {
    for (const priority of priorities) {
      for (const item of this.#waiting.get(priority)?.values() ?? []) return item
    }
    return null
  }

  #again(item: Item): void {
    this.#ground([item])
    this.pump()
  }

  /** Puts what was in flight back in its place among what waits. */
  #ground(items: readonly Item[]): void {
    for (const [priority, group] of Map.groupBy(items, (item) => item.priority)) {
      const waiting = [...group, ...(this.#waiting.get(priority)?.values() ?? [])].toSorted(
        (a, b) => a.order - b.order,
      )
      this.#waiting.set(priority, new Map(waiting.map((item) => [item.id, item])))
    }
    for (const item of items) {
      item.cancelResend()
      this.#inFlight.delete(item)
    }
  }

  #drop(id: string, delivered: boolean): void {
    const item = this.#outbox.get(id)
    if (item === undefined) return
    this.#remove(item)
    item.settle(delivered)
    this.pump()
  }

  #remove(item: Item): void {
    item.cancelDeadline()
    item.cancelResend()
    this.#inFlight.delete(item)
    this.#waiting.get(item.priority)?.delete(item.id)
    this.#outbox.delete(item.id)
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
    const value = decodeStrictly(payload)
    const parsed = Payload.parse(value)
    // What was decoded is looked at, not its copy, which has left a prototype behind.
    return Array.isArray(value) && isJsonValue(value[1]) ? parsed : null
  } catch {
    return null
  }
}
