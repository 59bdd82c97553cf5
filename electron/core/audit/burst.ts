import type { Clock } from '../clock.ts'
import type { AuditEntry, AuditLog } from './log.ts'

interface Burst {
  /** The latest repeat, which the closing record describes. */
  latest: AuditEntry
  repeats: number
  readonly cancel: () => void
}

/** Where repeats of keys go that came when the table was full; no caller's key is empty. */
const overflowKey = ''

/**
 * Audits what an outsider can repeat at will without letting it fill the disk: the first event of a key is written at
 * once, further ones within the window are counted, and one record with `repeats` is written when the window ends.
 */
export class AuditBursts {
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #window: number
  readonly #maximumKeys: number
  readonly #onError: (error: unknown) => void
  readonly #bursts = new Map<string, Burst>()

  /**
   * `maximumKeys` bounds how many keys are told apart within a window (256); the rest share one. `onError` hears of a
   * closing record that could not be written; there is no caller left to tell then.
   */
  constructor(options: {
    readonly audit: AuditLog
    readonly clock: Clock
    readonly windowMilliseconds: number
    readonly maximumKeys?: number
    readonly onError?: (error: unknown) => void
  }) {
    this.#audit = options.audit
    this.#clock = options.clock
    this.#window = options.windowMilliseconds
    this.#maximumKeys = options.maximumKeys ?? 256
    this.#onError = options.onError ?? (() => undefined)
  }

  /** Audits `entry`, at once or counted. `key` says which events repeat one another, e.g. `code:source`. */
  record(key: string, entry: AuditEntry): void {
    const name = this.#bursts.has(key) || this.#bursts.size < this.#maximumKeys ? key : overflowKey
    const burst = this.#bursts.get(name)
    if (burst) {
      burst.latest = entry
      burst.repeats += 1
      return
    }
    this.#audit.append(entry)
    const cancel = this.#clock.after(this.#window, () => this.#end(name))
    this.#bursts.set(name, { latest: entry, repeats: 0, cancel })
  }

  /** Writes what was counted so far; to be called when the console stops. */
  flush(): void {
    for (const name of [...this.#bursts.keys()]) this.#end(name)
  }

  #end(name: string): void {
    const burst = this.#bursts.get(name)
    this.#bursts.delete(name)
    burst?.cancel()
    if (!burst || burst.repeats === 0) return
    const { latest, repeats } = burst
    const detail = { ...latest.detail, repeats, ...(name === overflowKey ? { variousSources: true } : {}) }
    try {
      this.#audit.append({ ...latest, detail })
    } catch (error) {
      this.#onError(error)
    }
  }
}
