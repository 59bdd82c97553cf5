/** A typed list of listeners. A listener that throws does not keep the others from being called. */
export class Emitter<Payloads extends object> {
  readonly #listeners = new Map<keyof Payloads, Set<(payload: never) => void>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void = () => undefined) {
    this.#onError = onError
  }

  /** Registers `listener`; the returned function takes it back. */
  on<Name extends keyof Payloads>(name: Name, listener: (payload: Payloads[Name]) => void): () => void {
    const known = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, known)
    known.add(listener)
    return () => known.delete(listener)
  }

  /** True if anybody listens. */
  has(name: keyof Payloads): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  emit<Name extends keyof Payloads>(name: Name, payload: Payloads[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as (payload: Payloads[Name]) => void)(payload)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
