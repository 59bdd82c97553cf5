import type { Curve } from './algorithms.ts'
import { DerTag, readDerSequence } from './der.ts'

/** Orders of the groups (NIST SP 800-186 section 3.2.1). */
const orders: Readonly<Record<Curve, Buffer>> = {
  'P-256': Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'),
  'P-384': Buffer.from(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    'hex',
  ),
}

/** True for a number from 1 to n - 1, big-endian, as long as the order. */
export const isScalar = (curve: Curve, bytes: Buffer): boolean =>
  bytes.length === orders[curve].length &&
  bytes.some((byte) => byte !== 0) &&
  bytes.compare(orders[curve]) < 0

const octetString = 0x04

/**
 * The private number inside PKCS#8 (DER) of a curve key (RFC 5915), as long as the order, in a buffer of its own that
 * the caller fills with zeros. Null where it is not in the range, or the file has another form.
 */
export function readScalar(curve: Curve, der: Uint8Array): Buffer | null {
  try {
    const key = readDerSequence(der)[2]
    if (key?.tag !== octetString) return null
    const [version, secret] = readDerSequence(key.content)
    if (version?.tag !== DerTag.integer || secret?.tag !== octetString) return null
    const missing = orders[curve].length - secret.content.length
    if (missing < 0) return null
    const scalar = Buffer.allocUnsafeSlow(orders[curve].length).fill(0)
    scalar.set(secret.content, missing)
    return isScalar(curve, scalar) ? scalar : null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
