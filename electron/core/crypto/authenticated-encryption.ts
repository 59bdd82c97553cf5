import { AuthenticationError, EncryptionError } from '../errors.ts'
import { aeadIvBytes, aeadTagBytes, type Sealed } from './aead.ts'
import type { AeadAlgorithm } from './algorithms.ts'
import { badInput, maxInputBytes, requireBytes } from './input.ts'
import type { Providers } from './providers.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

/** A secret key that seals messages. */
export type AeadSecretKey = SecretKey & { readonly algorithm: AeadAlgorithm }

/** Refuses what is no key of an AEAD algorithm. @throws EncryptionError `invalid_input` */
export function requireAeadKey(key: unknown): asserts key is AeadSecretKey {
  if (!(key instanceof SecretKey)) throw badInput(EncryptionError, 'key', 'a SecretKey', key)
  if (key.algorithm !== 'AES-256-GCM' && key.algorithm !== 'ChaCha20-Poly1305') {
    throw new EncryptionError(
      'invalid_input',
      `key must be a key of AES-256-GCM or ChaCha20-Poly1305; given was one of ${key.algorithm}.`,
    )
  }
}

/**
 * Seals with AES-256-GCM (NIST SP 800-38D) or ChaCha20-Poly1305 (RFC 8439), as the key says. `iv` is 12 bytes and the
 * caller's to choose: it must never be used twice with one key. The tag is 16 bytes.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export function sealAead(
  key: SecretKey,
  iv: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
  providers: Providers = platformProviders(),
): Sealed {
  requireAeadKey(key)
  checkLengths(iv, associatedData, 'plaintext', plaintext)
  return providers.aead[key.algorithm].seal(key, iv, associatedData, plaintext)
}

/**
 * Opens what `sealAead` made. No plaintext leaves unless the tag fits.
 * @throws AuthenticationError `authentication_failed` when key, IV, associated data, ciphertext and tag do not belong
 *   together; EncryptionError `invalid_input` naming the parameter
 */
export function openAead(
  key: SecretKey,
  iv: Uint8Array,
  associatedData: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  providers: Providers = platformProviders(),
): Buffer {
  requireAeadKey(key)
  checkLengths(iv, associatedData, 'ciphertext', ciphertext)
  requireBytes(EncryptionError, 'tag', tag, tagRange)
  const plaintext = providers.aead[key.algorithm].open(key, iv, associatedData, ciphertext, tag)
  if (plaintext === null) {
    throw new AuthenticationError('authentication_failed', 'The authentication tag does not fit the message.')
  }
  return plaintext
}

const ivRange = { min: aeadIvBytes, max: aeadIvBytes }
const tagRange = { min: aeadTagBytes, max: aeadTagBytes }

function checkLengths(iv: unknown, associatedData: unknown, name: string, text: unknown): void {
  if (!(iv instanceof Uint8Array) || iv.byteLength !== aeadIvBytes) {
    requireBytes(EncryptionError, 'iv', iv, ivRange)
  }
  if (!(associatedData instanceof Uint8Array) || associatedData.byteLength > maxInputBytes) {
    requireBytes(EncryptionError, 'associatedData', associatedData)
  }
  if (!(text instanceof Uint8Array) || text.byteLength > maxInputBytes) {
    requireBytes(EncryptionError, name, text)
  }
}
