import type { KeyObject } from 'node:crypto'
import { DerTag, readDerSequence } from './der.ts'

/**
 * True where the modulus of an RSA public key is odd and its exponent odd and 3 or more, as in every RSA key (RFC 8017
 * section 3.1). The library takes others, and fails when it works with them.
 */
export function hasRsaNumbers(publicKey: KeyObject): boolean {
  const [, bits] = readDerSequence(publicKey.export({ type: 'spki', format: 'der' }))
  if (bits?.tag !== DerTag.bitString) return false
  const [modulus, exponent] = readDerSequence(bits.content.subarray(1))
  if (modulus === undefined || exponent === undefined) return false
  const one = exponent.content.length === 1 && exponent.content[0] === 1
  return isOdd(modulus.content) && isOdd(exponent.content) && !one
}

const isOdd = (number: Uint8Array): boolean => ((number.at(-1) ?? 0) & 1) === 1
