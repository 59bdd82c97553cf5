import type { Clock } from '#core/clock.ts'

interface Timer {
  readonly due: number
  readonly task: () => void
}

/** A clock that stands still until a test moves it. Timers run in the order they fall due, then in the order they were set. */
export class FakeClock implements Clock {
  #now: number
  #timers: Timer[] = []

  constructor(start = '2026-11-21T00:00:00.000Z') {
    this.#now = Date.parse(start)
  }

  now(): number {
    return this.#now
  }

  after(milliseconds: number, task: () => void): () => void {
    const timer: Timer = { due: this.#now + Math.max(0, milliseconds), task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves time on, running what falls due on the way, also timers set by those tasks. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#now = timer.due
      this.#timers = this.#timers.filter((other) => other !== timer)
      timer.task()
    }
    this.#now = end
  }

  /** How many timers wait to run. */
  get pending(): number {
    return this.#timers.length
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.due <= end && (!first || timer.due < first.due)) first = timer
    }
    return first
  }
}
