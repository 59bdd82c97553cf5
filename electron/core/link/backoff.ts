import type { RandomSource } from '../crypto/random.ts'

/**
 * How long to wait before the next try: doubling from `first` to `longest` milliseconds, each time between half and
 * all of it, so that a fleet whose gateway restarts does not come back in one instant.
 */
export class Backoff {
  readonly #first: number
  readonly #longest: number
  readonly #random: RandomSource
  #tries = 0

  constructor({ first, longest, random }: { first: number; longest: number; random: RandomSource }) {
    this.#first = first
    this.#longest = longest
    this.#random = random
  }

  next(): number {
    const wait = Math.min(this.#longest, this.#first * 2 ** this.#tries)
    if (wait < this.#longest) this.#tries += 1
    return spread(wait, this.#random)
  }

  reset(): void {
    this.#tries = 0
  }
}

/** Between half and all of `milliseconds`, at random. */
export function spread(milliseconds: number, random: RandomSource): number {
  return Math.round((milliseconds / 2) * (1 + random.bytes(2).readUInt16BE(0) / 0xffff))
}
