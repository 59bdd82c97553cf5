import { aeskw, aeskwp } from '@noble/ciphers/aes.js'
import { AuthenticationError, EncryptionError } from '../errors.ts'
import { badInput, requireBytes, requireName } from './input.ts'
import { SecretKey } from './secret-key.ts'

/** `KW`: RFC 3394, keys of 16 bytes and more in steps of 8. `KWP`: RFC 5649, any length. Both NIST SP 800-38F. */
export const keyWrapModes = ['KW', 'KWP'] as const
export type KeyWrapMode = (typeof keyWrapModes)[number]

/** A wrapped key is never larger than this, in bytes. */
const maxWrappedBytes = 65_536

const ciphers = { KW: aeskw, KWP: aeskwp } as const

/**
 * Wraps key bytes under an AES-256-KW key. Deterministic: the same key wraps to the same bytes.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export function wrapKeyBytes(wrappingKey: SecretKey, bytes: Uint8Array, mode: KeyWrapMode = 'KW'): Buffer {
  requireWrapping(wrappingKey, mode)
  requireBytes(EncryptionError, 'bytes', bytes, { min: mode === 'KW' ? 16 : 1, max: maxWrappedBytes })
  if (mode === 'KW' && bytes.byteLength % 8 !== 0) {
    throw badInput(EncryptionError, 'bytes', 'a byte array whose length is a multiple of 8', bytes)
  }
  return wrappingKey.use((key) => own(ciphers[mode](key).encrypt(bytes)))
}

/**
 * The key bytes that `wrapKeyBytes` wrapped, in a buffer of their own that the caller fills with zeros.
 * @throws AuthenticationError `authentication_failed` when they were wrapped under another key or altered;
 *   EncryptionError `invalid_input` naming the parameter
 */
export function unwrapKeyBytes(
  wrappingKey: SecretKey,
  wrapped: Uint8Array,
  mode: KeyWrapMode = 'KW',
): Buffer {
  requireWrapping(wrappingKey, mode)
  requireBytes(EncryptionError, 'wrapped', wrapped, { max: maxWrappedBytes + 16 })
  try {
    return wrappingKey.use((key) => own(ciphers[mode](key).decrypt(wrapped)))
  } catch {
    if (wrappingKey.destroyed) wrappingKey.use(() => null)
    throw new AuthenticationError(
      'authentication_failed',
      'The wrapped key was altered or is not of this wrapping key.',
    )
  }
}

function requireWrapping(wrappingKey: unknown, mode: unknown): void {
  requireName(EncryptionError, 'mode', mode, keyWrapModes)
  if (!(wrappingKey instanceof SecretKey)) {
    throw badInput(EncryptionError, 'wrappingKey', 'a SecretKey', wrappingKey)
  }
  if (wrappingKey.algorithm !== 'AES-256-KW') {
    throw new EncryptionError(
      'invalid_input',
      `wrappingKey must be a key of AES-256-KW; given was one of ${wrappingKey.algorithm}.`,
    )
  }
}

const own = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
