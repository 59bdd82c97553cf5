/** Hexadecimal digits in groups of four, as people compare them. */
export function grouped(hex: string): string {
  return hex.replace(/(.{4})(?=.)/g, '$1 ')
}

/** `1 204 322` with narrow spaces: no comma or point that another country reads differently. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** `3 agents`, `1 agent`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** `512 B`, `18.2 kB`, `1.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`
  return `${(value / 1_000_000).toFixed(1)} MB`
}

/** `security_officer` as `security officer`. */
export function spoken(identifier: string): string {
  return identifier.replaceAll('_', ' ')
}

/** `security officer` as `Security officer`. */
export function sentence(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
