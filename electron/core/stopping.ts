import type { Clock } from './clock.ts'
import { errorFields, type Log } from './log.ts'

/** How long a host waits for an orderly stop before it ends anyway, in milliseconds. */
export const stopLimit = 5000

/**
 * Runs the steps of a stop in order; one that fails does not keep the next from running.
 * @returns false if a step failed or the limit passed first
 */
export async function stopInOrder(
  steps: readonly (() => Promise<void> | void)[],
  parts: { clock: Clock; log: Log; limit?: number },
): Promise<boolean> {
  let clean = true
  const all = async (): Promise<void> => {
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        clean = false
        parts.log.error('a part of the console did not stop cleanly', errorFields(error))
      }
    }
  }
  let cancel = (): void => undefined
  const limit = new Promise<void>((resolve) => {
    cancel = parts.clock.after(parts.limit ?? stopLimit, () => {
      clean = false
      parts.log.error('the console did not stop in time')
      resolve()
    })
  })
  await Promise.race([all(), limit])
  cancel()
  return clean
}
