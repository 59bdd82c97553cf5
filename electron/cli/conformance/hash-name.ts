import type { HashName } from '#core/crypto/algorithms.ts'

/** The engine's name of a hash as the collection writes it (SHA-256, SHA256, -SHA-256); null where it has no such. */
export function engineHash(name: string): HashName | null {
  switch (name.toUpperCase().replaceAll('-', '')) {
    case 'SHA256':
      return 'SHA-256'
    case 'SHA384':
      return 'SHA-384'
    case 'SHA512':
      return 'SHA-512'
    default:
      return null
  }
}
