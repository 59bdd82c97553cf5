import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { KeyManagementError } from '../errors.ts'
import type { Curve } from './algorithms.ts'
import { namesCurve, readScalar } from './curve-scalar.ts'
import { pkcs8Of } from './key-encoding.ts'

/**
 * Refuses a curve key that the library takes and the engine does not: one with explicit parameters or a point that is
 * not in uncompressed form (its exports would not be canonical), a scalar out of range, or the public key of another.
 * `der` is the PKCS#8 that `key` was read from or exports; the caller fills it with zeros.
 * @throws KeyManagementError `invalid_input`
 */
export function requireCurveKey(curve: Curve, der: Uint8Array, key: KeyObject): void {
  if (!namesCurve(curve, der)) {
    throw new KeyManagementError(
      'invalid_input',
      `privateKey must name its curve ${curve}, and have its point in uncompressed form (RFC 5480, RFC 5915); given was explicit parameters, or another form of the point.`,
    )
  }
  const scalar = readScalar(curve, der)
  if (scalar === null) {
    throw new KeyManagementError(
      'invalid_input',
      `privateKey must hold a number from 1 to n - 1 of ${curve} (NIST SP 800-186); given was another.`,
    )
  }
  const own = pkcs8Of(curve, scalar)
  scalar.fill(0)
  try {
    const alone = createPrivateKey({ key: own, format: 'der', type: 'pkcs8' })
    if (createPublicKey(alone).equals(createPublicKey(key))) return
  } finally {
    own.fill(0)
  }
  throw new KeyManagementError(
    'invalid_input',
    `privateKey must be a ${curve} key with its own public key beside it; given was the public key of another.`,
  )
}
