/** Times as an operator reads them: always UTC, ISO 8601, 24 hours. */

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** `2026-11-21`. */
export function isoDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** `14:59:07Z`. */
export function isoClock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`
}

/** Day of the year in UTC, 1 to 366, three digits, as in CCSDS 301.0-B ASCII time code B. */
export function dayOfYear(at: number): string {
  const date = new Date(at)
  return pad(Math.floor((at - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1, 3)
}

/**
 * As short as it can be without doubt: `14:59:07Z` today, `11-20 14:59:07Z` on another day of this year,
 * `2025-11-20 14:59Z` in another year.
 */
export function stamp(instant: string, now: number): string {
  const at = Date.parse(instant)
  const date = isoDate(at)
  if (date === isoDate(now)) return isoClock(at)
  return date.slice(0, 4) === isoDate(now).slice(0, 4) ? `${date.slice(5)} ${isoClock(at)}` : minute(instant)
}

/** `2026-11-21 14:59Z`. */
export function minute(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)}Z`
}

/** A span in its two largest units: `3 d 04 h`, `2 h 07 min`, `4 min 12 s`, `9 s`. Takes milliseconds. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const minutes = Math.floor(seconds / 60) % 60
  if (days >= 10) return `${days} d`
  if (days > 0) return `${days} d ${pad(hours)} h`
  if (hours > 0) return `${hours} h ${pad(minutes)} min`
  if (minutes > 0) return `${minutes} min ${pad(seconds % 60)} s`
  return `${seconds} s`
}

/** `in 4 min 12 s`, `4 min 12 s ago`, or `now` within a second. */
export function relative(instant: string, now: number): string {
  const distance = Date.parse(instant) - now
  if (Math.abs(distance) < 1000) return 'now'
  return distance >= 0 ? `in ${span(distance)}` : `${span(-distance)} ago`
}
