/** Time as the engine sees it. Tests pass their own, so no service reads the system clock or sets a timer itself. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Runs `task` once after `milliseconds`; the returned function cancels it. Does not keep the process alive. */
  after(milliseconds: number, task: () => void): () => void
}

/** setTimeout fires at once for delays above 2^31-1 ms; longer waits are cut into pieces of this length. */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    let remaining = milliseconds
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const step = Math.min(remaining, longestTimer)
      remaining -= step
      timer = setTimeout(() => {
        if (remaining > 0) arm()
        else task()
      }, step)
      timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}

/** ISO 8601 in UTC with milliseconds, the form of `Instant` in the contract. */
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** `2026-11-21 14:59Z`: the minute in UTC, for explanations that people read. */
export function readableTime(milliseconds: number): string {
  const iso = isoTime(milliseconds)
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`
}
