import type { RefusalVerdict } from '#shared/model/session.ts'

/** How far ahead of the highest accepted number the next may lie. */
export const maxForwardJump = 65_536

type WindowVerdict = Extract<RefusalVerdict, 'duplicate' | 'too_old' | 'too_far_ahead'>

/**
 * Replay window of one direction of a session: a ring bitmap after RFC 6479. `check` only looks; `accept` moves the
 * window and is called after authentication, so that unauthenticated numbers never move it.
 */
export class ReplayWindow {
  readonly #size: number
  readonly #ring: Uint32Array
  readonly #first: number
  #highest: number

  /** `size` numbers are remembered (64 to 8192); `first` is the lowest number that the peer will use. */
  constructor(size: number, first: number) {
    this.#size = size
    // One word more than the window needs: a word is cleared as a whole when the window enters it.
    this.#ring = new Uint32Array(Math.ceil(size / 32) + 1)
    this.#first = first
    this.#highest = first - 1
  }

  get highest(): number {
    return this.#highest
  }

  /** Why `sequence` would be refused, or null. */
  check(sequence: number): WindowVerdict | null {
    if (sequence > this.#highest) return sequence - this.#highest > maxForwardJump ? 'too_far_ahead' : null
    if (sequence < this.#first || this.#highest - sequence >= this.#size) return 'too_old'
    return (this.#word(sequence) & bit(sequence)) !== 0 ? 'duplicate' : null
  }

  /** Marks `sequence`, which `check` found acceptable, as seen. */
  accept(sequence: number): void {
    if (sequence > this.#highest) {
      const from = Math.floor(this.#highest / 32) + 1
      const to = Math.floor(sequence / 32)
      const words = Math.min(to - from + 1, this.#ring.length)
      for (let index = 0; index < words; index++) this.#ring[(to - index) % this.#ring.length] = 0
      this.#highest = sequence
    }
    this.#ring[Math.floor(sequence / 32) % this.#ring.length] = this.#word(sequence) | bit(sequence)
  }

  #word(sequence: number): number {
    return this.#ring[Math.floor(sequence / 32) % this.#ring.length] ?? 0
  }
}

const bit = (sequence: number): number => 1 << (sequence % 32)
