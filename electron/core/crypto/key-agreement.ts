import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { EncryptionError } from '../errors.ts'

/** A P-384 point in uncompressed form (SEC 1 section 2.3.3): 0x04, x, y. */
export const p384PointBytes = 97

/** SubjectPublicKeyInfo of a P-384 key is this fixed prefix (RFC 5480) and the point. */
const spkiPrefix = Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex')

/** One side of an ephemeral ECDH: made, used once, dropped. */
export interface EphemeralKey {
  /** 97 bytes. */
  readonly publicPoint: Buffer
  /**
   * The shared secret (NIST SP 800-56A section 5.7.1.2): the x coordinate, 48 bytes, in a buffer the caller zeroes.
   * @throws EncryptionError when the peer's bytes are not a point of the curve (section 5.6.2.3).
   */
  agree(peerPoint: Uint8Array): Buffer
}

/** Makes an ephemeral P-384 key pair. */
export function generateEphemeralP384(): EphemeralKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return {
    publicPoint: publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length),
    agree: (peerPoint) => diffieHellman({ privateKey, publicKey: readPoint(peerPoint) }),
  }
}

function readPoint(point: Uint8Array): KeyObject {
  if (point.length !== p384PointBytes || point[0] !== 4) {
    throw new EncryptionError(
      'encryption_failed',
      `An ephemeral P-384 key is ${p384PointBytes} bytes and starts with 04.`,
    )
  }
  try {
    return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: 'der', type: 'spki' })
  } catch {
    throw new EncryptionError('encryption_failed', 'The ephemeral key is not a point of P-384.')
  }
}
