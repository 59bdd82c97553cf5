import { vi } from 'vitest'

/** Waits until `check` no longer throws. The time is for a machine that is busy with something else; nothing is measured. */
export const eventually = <Value>(check: () => Value | Promise<Value>): Promise<Value> =>
  vi.waitFor(check, { timeout: 30_000, interval: 10 })
