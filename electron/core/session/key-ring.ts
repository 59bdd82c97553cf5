import type { Clock } from '../clock.ts'
import { type DirectionKey, type TrafficKeys, trafficKeys } from './key-schedule.ts'

/** Old versions that are read at once, however fast rotations follow one another. */
const oldVersionsLimit = 8

/**
 * The key versions of one session, from one side: the one in force, those before it, each read until its grace period
 * ends, and the next one, read before it is sent under.
 */
export class KeyRing {
  readonly #clock: Clock
  readonly #sessionId: Buffer
  readonly #initiator: boolean
  readonly #graceMilliseconds: number
  readonly #receive = new Map<number, DirectionKey>()
  readonly #cancelRetirement = new Map<number, () => void>()
  #version = 1
  #keys: TrafficKeys
  #next: TrafficKeys | null = null
  /** Sealed and opened under the version in force. */
  messages = 0
  bytes = 0
  /** Milliseconds since the epoch. */
  establishedAt: number

  constructor(options: {
    clock: Clock
    sessionId: Buffer
    initiator: boolean
    graceMilliseconds: number
    trafficSecret: Buffer
  }) {
    this.#clock = options.clock
    this.#sessionId = options.sessionId
    this.#initiator = options.initiator
    this.#graceMilliseconds = options.graceMilliseconds
    this.#keys = trafficKeys(options.trafficSecret, options.sessionId, options.initiator)
    this.#receive.set(1, this.#keys.receive)
    this.establishedAt = options.clock.now()
  }

  /** The version that is sent under. */
  get version(): number {
    return this.#version
  }

  get send(): DirectionKey {
    return this.#keys.send
  }

  /** 48 bytes, mixed into the next version. */
  get chain(): Buffer {
    return this.#keys.chain
  }

  /** The key that opens messages of `version`, or null when it is not known, or no longer. */
  receive(version: number): DirectionKey | null {
    return this.#receive.get(version) ?? null
  }

  /** Makes the next version readable, in the place of one prepared before. Takes the secret over. */
  prepare(trafficSecret: Buffer): void {
    this.#abandonPrepared()
    this.#next = trafficKeys(trafficSecret, this.#sessionId, this.#initiator)
    this.#receive.set(this.#version + 1, this.#next.receive)
  }

  /** Sends under the prepared version from now on; the old one is read until its grace period ends. */
  advance(): void {
    if (this.#next === null) return
    const old = this.#version
    zero(this.#keys.send)
    this.#keys.chain.fill(0)
    this.#keys = this.#next
    this.#next = null
    this.#version = old + 1
    this.messages = 0
    this.bytes = 0
    this.establishedAt = this.#clock.now()
    this.#cancelRetirement.set(
      old,
      this.#clock.after(this.#graceMilliseconds, () => this.#retire(old)),
    )
    this.#retire(old - oldVersionsLimit)
  }

  /** Forgets every key. */
  destroy(): void {
    this.#abandonPrepared()
    for (const cancel of this.#cancelRetirement.values()) cancel()
    for (const version of [...this.#receive.keys()]) this.#retire(version)
    zero(this.#keys.send)
    this.#keys.chain.fill(0)
  }

  #abandonPrepared(): void {
    if (this.#next === null) return
    zero(this.#next.send)
    this.#next.chain.fill(0)
    this.#next = null
    this.#retire(this.#version + 1)
  }

  #retire(version: number): void {
    const key = this.#receive.get(version)
    if (key !== undefined) zero(key)
    this.#receive.delete(version)
    this.#cancelRetirement.get(version)?.()
    this.#cancelRetirement.delete(version)
  }
}

/** The KeyObject's own bytes are cleansed by OpenSSL when it is collected; what JavaScript holds is zeroed here. */
const zero = (direction: DirectionKey): void => void direction.ivBase.fill(0)
