import type { Clock } from '../clock.ts'

export interface Rate {
  readonly perSecond: number
  /** How much may be taken at once after a pause; also what a new bucket holds. */
  readonly burst: number
}

/** A token bucket: allows `burst` at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #rate: Rate
  readonly #clock: Clock
  #level: number
  #filledAt: number

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
    this.#level = rate.burst
    this.#filledAt = clock.now()
  }

  /** Takes `amount`; false if there is not enough, and then nothing was taken. */
  take(amount = 1): boolean {
    this.#fill()
    if (amount > this.#level) return false
    this.#level -= amount
    return true
  }

  /** Whether it has recovered completely, so that forgetting it changes nothing. */
  get full(): boolean {
    this.#fill()
    return this.#level >= this.#rate.burst
  }

  #fill(): void {
    const now = this.#clock.now()
    // A clock set back must neither drain nor freeze the bucket.
    const elapsed = Math.max(0, now - this.#filledAt)
    this.#filledAt = now
    this.#level = Math.min(this.#rate.burst, this.#level + (elapsed / 1000) * this.#rate.perSecond)
  }
}

/**
 * One token bucket per source. Remembers at most `maxSources`; a flood of sources first pushes out those that have
 * recovered, then the oldest, so memory stays bounded whoever calls.
 */
export class SourceRates {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #maxSources: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, clock: Clock, maxSources = 4096) {
    this.#rate = rate
    this.#clock = clock
    this.#maxSources = maxSources
  }

  take(source: string, amount = 1): boolean {
    let bucket = this.#buckets.get(source)
    if (!bucket) {
      if (this.#buckets.size >= this.#maxSources) this.#makeRoom()
      bucket = new TokenBucket(this.#rate, this.#clock)
      this.#buckets.set(source, bucket)
    }
    return bucket.take(amount)
  }

  get size(): number {
    return this.#buckets.size
  }

  #makeRoom(): void {
    for (const [source, bucket] of this.#buckets) if (bucket.full) this.#buckets.delete(source)
    for (const source of this.#buckets.keys()) {
      if (this.#buckets.size < this.#maxSources) return
      this.#buckets.delete(source)
    }
  }
}

/** How many things of each source exist at once. */
export class SourceCounts {
  readonly #counts = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  of(source: string): number {
    return this.#counts.get(source) ?? 0
  }

  add(source: string): void {
    this.#total += 1
    this.#counts.set(source, this.of(source) + 1)
  }

  remove(source: string): void {
    this.#total -= 1
    const left = this.of(source) - 1
    if (left > 0) this.#counts.set(source, left)
    else this.#counts.delete(source)
  }
}
