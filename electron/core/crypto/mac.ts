import { createHmac } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { AuthenticationError } from '../errors.ts'
import { type MacAlgorithm, macAlgorithms } from './algorithms.ts'
import { equalInConstantTime } from './digest.ts'
import { badInput, requireBytes, requireName } from './input.ts'
import { SecretKey } from './secret-key.ts'

/** Bytes of a whole MAC. The engine neither makes nor takes truncated ones. */
export const macBytes: Readonly<Record<MacAlgorithm, number>> = {
  'HMAC-SHA256': 32,
  'HMAC-SHA384': 48,
  'HMAC-SHA512': 64,
  BLAKE2b: 64,
}

const nodeHash = { 'HMAC-SHA256': 'sha256', 'HMAC-SHA384': 'sha384', 'HMAC-SHA512': 'sha512' } as const

/**
 * A key for messages' authentication codes, bound to its algorithm. Takes a copy of `bytes`: 16 to 1024 for HMAC, 16
 * to 64 for BLAKE2b.
 * @throws AuthenticationError `invalid_input`; KeyManagementError `invalid_input` for a wrong length
 */
export function macKey(bytes: Uint8Array, algorithm: MacAlgorithm): SecretKey {
  requireName(AuthenticationError, 'algorithm', algorithm, macAlgorithms)
  return SecretKey.copy(bytes, algorithm)
}

/**
 * HMAC (RFC 2104, FIPS 198-1) or keyed BLAKE2b with 64 bytes of output (RFC 7693), as the key says.
 * @throws AuthenticationError `invalid_input` naming the parameter
 */
export function computeMac(key: SecretKey, message: Uint8Array): Buffer {
  const algorithm = macAlgorithmOf(key)
  requireBytes(AuthenticationError, 'message', message)
  if (algorithm === 'BLAKE2b') {
    return key.use((bytes) => {
      const mac = blake2b(message, { key: bytes, dkLen: macBytes.BLAKE2b })
      return Buffer.from(mac.buffer, mac.byteOffset, mac.byteLength)
    })
  }
  return createHmac(nodeHash[algorithm], key.keyObject).update(message).digest()
}

/**
 * True if `mac` is the whole MAC of `message` under `key`; compared in constant time.
 * @throws AuthenticationError `invalid_input` naming the parameter
 */
export function verifyMac(key: SecretKey, message: Uint8Array, mac: Uint8Array): boolean {
  requireBytes(AuthenticationError, 'mac', mac)
  return equalInConstantTime(computeMac(key, message), mac)
}

/** @throws AuthenticationError `invalid_input` where the key is not one for MACs. */
function macAlgorithmOf(key: unknown): MacAlgorithm {
  if (!(key instanceof SecretKey)) throw badInput(AuthenticationError, 'key', 'a SecretKey', key)
  const { algorithm } = key
  if (isMacAlgorithm(algorithm)) return algorithm
  throw new AuthenticationError(
    'invalid_input',
    `key must be a key of ${macAlgorithms.join(', ')}; given was one of ${algorithm}.`,
  )
}

const isMacAlgorithm = (name: string): name is MacAlgorithm =>
  (macAlgorithms as readonly string[]).includes(name)
