import { createHash, hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 (FIPS 180-4), 32 bytes. */
export const sha256 = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer')

/** SHA-384 (FIPS 180-4) over the parts as if they were one, 48 bytes. */
export function sha384(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha384')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** SHA-256 of a DER object as 64 hexadecimal digits, the `Fingerprint` of the contract. */
export const fingerprint = (der: Uint8Array): string => sha256(der).toString('hex')

/** Compares secrets without telling by the time it takes where they differ. The lengths are not secret. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
