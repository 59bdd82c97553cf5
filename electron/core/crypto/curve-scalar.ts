import type { Curve } from './algorithms.ts'
import { type DerElement, DerTag, readDerElements, readDerSequence } from './der.ts'
import { rawEncodings } from './key-encoding.ts'

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

const parameters = 0xa0
const publicPoint = 0xa1
const uncompressed = 0x04

/**
 * True where PKCS#8 (DER) of a curve key names its curve wherever it has parameters, and holds its point, if any, in
 * uncompressed form (RFC 5480 section 2, RFC 5915 section 3).
 */
export function namesCurve(curve: Curve, der: Uint8Array): boolean {
  try {
    const [, algorithm, key] = readDerSequence(der)
    if (algorithm === undefined || key?.tag !== octetString) return false
    const { spkiPrefix, publicBytes } = rawEncodings[curve]
    const named = readDerElements(spkiPrefix.subarray(2, 2 + algorithm.bytes.length))[0]
    if (named === undefined || !same(algorithm, named)) return false
    const name = readDerElements(named.content)[1]
    return readDerSequence(key.content)
      .slice(2)
      .every(({ tag, content }) => {
        const [inner, ...rest] = readDerElements(content)
        if (inner === undefined || name === undefined || rest.length > 0) return false
        if (tag === parameters) return same(inner, name)
        const point = tag === publicPoint && inner.tag === DerTag.bitString ? inner.content : []
        return point.length === publicBytes + 1 && point[0] === 0 && point[1] === uncompressed
      })
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

const same = (one: DerElement, two: DerElement): boolean => Buffer.compare(one.bytes, two.bytes) === 0
