import { type EventName, type EventOf, events } from '#shared/contract/events.ts'
import { errorFields, type Log } from '../log.ts'

export type FeedListener = (name: EventName, payload: unknown) => void

/**
 * What the engine announces, on its way to the transports. While nobody is signed in, everything but
 * `console.status` is withheld; what is withheld is not kept for later, a screen loads the state when it signs in.
 */
export class EventFeed {
  readonly #signedIn: () => boolean
  readonly #log: Log
  readonly #listeners = new Set<FeedListener>()

  constructor(parts: { signedIn: () => boolean; log: Log }) {
    this.#signedIn = parts.signedIn
    this.#log = parts.log
  }

  /**
   * Hands `payload`, parsed with the event's schema, to every listener. Never throws: the act that is announced has
   * already happened. A payload that does not fit the contract is logged and goes to nobody.
   */
  publish<Name extends EventName>(name: Name, payload: EventOf<Name>): void {
    if (this.#listeners.size === 0) return
    if (name !== 'console.status' && !this.#signedIn()) return
    const parsed = events[name].safeParse(payload)
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.code}`)
      this.#log.error('an event does not fit the contract and was withheld', {
        event: name,
        issues: issues.join(', '),
      })
      return
    }
    for (const listener of [...this.#listeners]) {
      try {
        listener(name, parsed.data)
      } catch (error) {
        this.#log.error('an event listener failed', { event: name, ...errorFields(error) })
      }
    }
  }

  /** Registers a transport; the returned function takes it back. */
  subscribe(listener: FeedListener): () => void {
    // A wrapper of its own, so that one function subscribed twice is told twice and taken back once.
    const entry: FeedListener = (name, payload) => listener(name, payload)
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }
}
