/** How deep lists and maps of a message may be nested. */
export const maxNesting = 32

/**
 * Whether a value is what JSON can say (RFC 8259), so that every side can print, store and pass it on: null, booleans,
 * finite numbers, texts, and lists and plain maps of them. Bytes, big integers, `undefined` and prototypes are not.
 */
export function isJsonValue(value: unknown, nesting = maxNesting): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || nesting === 0) return false
  if (Array.isArray(value)) return value.every((item) => isJsonValue(item, nesting - 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && isJsonValue(item, nesting - 1))
}
