import { diffieHellman } from 'node:crypto'
import { EncryptionError } from '../errors.ts'
import { type Curve, curves, type KeyKind } from './algorithms.ts'
import { equalInConstantTime } from './digest.ts'
import { requireName } from './input.ts'
import { type PrivateKeyInput, type PublicKeyInput, readPrivateKey, readPublicKey } from './key-import.ts'
import { SecretKey } from './secret-key.ts'

/**
 * ECDH (NIST SP 800-56A section 5.7.1.2): the x coordinate, 32 or 48 bytes, as a key to derive others from. The peer's
 * key is fully validated when it is read (section 5.6.2.3.3): canonical encoding, uncompressed, on the curve, not
 * the point at infinity; both curves have cofactor 1.
 * @throws EncryptionError `invalid_input` where a key is not of `curve`; KeyManagementError `invalid_input` where it
 *   cannot be read or is not a point of the curve
 */
export function agreeEcdh(curve: Curve, privateKey: PrivateKeyInput, publicKey: PublicKeyInput): SecretKey {
  requireName(EncryptionError, 'curve', curve, curves)
  return agree(curve, privateKey, publicKey)
}

/**
 * X25519 (RFC 7748): 32 bytes as a key to derive others from. A peer key of small order, for which the result is all
 * zeros, is refused (section 6.1).
 * @throws EncryptionError `invalid_input` where a key is not of X25519, `encryption_failed` for an all-zero result;
 *   KeyManagementError `invalid_input` where a key cannot be read
 */
export function agreeX25519(privateKey: PrivateKeyInput, publicKey: PublicKeyInput): SecretKey {
  return agree('X25519', privateKey, publicKey)
}

function agree(kind: Curve | 'X25519', privateKey: PrivateKeyInput, publicKey: PublicKeyInput): SecretKey {
  const own = readPrivateKey(privateKey)
  const peer = readPublicKey(publicKey)
  requireKind(kind, 'privateKey', own.kind)
  requireKind(kind, 'publicKey', peer.kind)
  if (own.keyObject === null || peer.keyObject === null) throw new TypeError('these kinds have key objects')
  let shared: Buffer
  try {
    shared = diffieHellman({ privateKey: own.keyObject, publicKey: peer.keyObject })
  } catch {
    throw noSecret(kind)
  }
  // RFC 7748 section 6.1. On the other curves zero is an x coordinate like any other: the point was validated.
  if (kind === 'X25519' && equalInConstantTime(shared, Buffer.alloc(shared.length))) throw noSecret(kind)
  return SecretKey.take(shared, 'HKDF')
}

function requireKind(kind: KeyKind, parameter: string, given: KeyKind): void {
  if (given === kind) return
  throw new EncryptionError(
    'invalid_input',
    `${parameter} must be a key of ${kind}; given was one of ${given}.`,
  )
}

const noSecret = (kind: KeyKind): EncryptionError =>
  new EncryptionError('encryption_failed', `The peer's ${kind} key gives no shared secret; it is refused.`)
