import type { Clock } from '../clock.ts'

/** Calls back when nothing was touched for a time. One timer at a time, however often it is touched. */
export class IdleWatch {
  readonly #clock: Clock
  readonly #limit: number
  readonly #onIdle: () => void
  #touchedAt = 0
  #cancel: (() => void) | null = null

  /** `limit` in milliseconds; 0 is never. */
  constructor(clock: Clock, limit: number, onIdle: () => void) {
    this.#clock = clock
    this.#limit = limit
    this.#onIdle = onIdle
  }

  start(): void {
    this.stop()
    this.#touchedAt = this.#clock.now()
    if (this.#limit > 0) this.#arm(this.#limit)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** Somebody is there. Comes too late where the time is up, as after the machine slept and no timer ran. */
  touch(): void {
    if (!this.#cancel) return
    if (this.#remaining() <= 0) this.#check()
    else this.#touchedAt = this.#clock.now()
  }

  #remaining(): number {
    return this.#touchedAt + this.#limit - this.#clock.now()
  }

  #arm(milliseconds: number): void {
    this.#cancel = this.#clock.after(milliseconds, () => this.#check())
  }

  #check(): void {
    const remaining = this.#remaining()
    if (remaining > 0) {
      this.#arm(remaining)
      return
    }
    this.stop()
    this.#onIdle()
  }
}
