/** Remembers the values that were used last, at most `capacity` of them. */
export class RecentCache<Value> {
  readonly #values = new Map<string, Value>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The value under `key`, made now if it is not remembered. What throws is not remembered. */
  remember(key: string, make: (key: string) => Value): Value {
    const known = this.#values.get(key)
    const value = known ?? make(key)
    // A Map keeps insertion order: taking a value out and putting it back makes it the youngest.
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#capacity) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest)
        break
      }
    }
    return value
  }
}
