import type { Clock } from '../clock.ts'
import { SecurityException } from '../errors.ts'

/** Failures in a row before the console makes people wait. */
const freeFailures = 3

/** Slows down who guesses: after three failures in a row each further try has to wait. */
export class Lockout {
  readonly #clock: Clock
  readonly #milliseconds: number
  #failures = 0
  #until = 0

  /** `seconds` is how long it lasts; 0 is never. */
  constructor(clock: Clock, seconds: number) {
    this.#clock = clock
    this.#milliseconds = seconds * 1000
  }

  /** @throws SecurityException `rate_limited` saying how long to wait; nothing was tried then. */
  requireOver(): void {
    const seconds = Math.ceil((this.#until - this.#clock.now()) / 1000)
    if (seconds <= 0) return
    throw new SecurityException(
      'rate_limited',
      `Too many wrong PINs in a row. Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, then try again; this try was not counted.`,
    )
  }

  failed(): void {
    this.#failures += 1
    if (this.#failures >= freeFailures) this.#until = this.#clock.now() + this.#milliseconds
  }

  succeeded(): void {
    this.#failures = 0
    this.#until = 0
  }
}
