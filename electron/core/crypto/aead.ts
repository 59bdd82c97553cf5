import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { AuthenticationError, EncryptionError } from '../errors.ts'

/** AES-256-GCM (NIST SP 800-38D): 32-byte key, 96-bit IV, 128-bit tag. */
export const aeadKeyBytes = 32
export const aeadIvBytes = 12
export const aeadTagBytes = 16

/**
 * A key for AES-256-GCM. It is a KeyObject because a raw key costs 18 us a call on Node 24, and because its bytes then
 * live outside the JavaScript heap.
 */
export type AeadKey = KeyObject

export interface Sealed {
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** Takes 32 bytes over into an AEAD key and fills `bytes` with zeros. */
export function takeAeadKey(bytes: Buffer): AeadKey {
  if (bytes.length !== aeadKeyBytes) {
    throw new EncryptionError(
      'encryption_failed',
      `An AES-256-GCM key is ${aeadKeyBytes} bytes; ${bytes.length} were given.`,
    )
  }
  try {
    return createSecretKey(bytes)
  } finally {
    bytes.fill(0)
  }
}

/** Seals `plaintext` under `key`. The caller never uses an IV twice with one key. */
export function seal(
  key: AeadKey,
  iv: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Sealed {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: aeadTagBytes })
  cipher.setAAD(associatedData)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

/**
 * Opens what `seal` made. GCM has no padding, so `final` only checks the tag and yields no bytes; nothing is handed
 * out before it has passed.
 * @throws AuthenticationError when key, IV, associated data, ciphertext or tag do not belong together.
 */
export function open(
  key: AeadKey,
  iv: Uint8Array,
  associatedData: Uint8Array,
  sealed: { ciphertext: Uint8Array; tag: Uint8Array },
): Buffer {
  if (iv.length !== aeadIvBytes || sealed.tag.length !== aeadTagBytes) {
    throw new AuthenticationError(
      'authentication_failed',
      `AES-256-GCM needs an IV of ${aeadIvBytes} and a tag of ${aeadTagBytes} bytes.`,
    )
  }
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: aeadTagBytes })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.tag)
  const plaintext = decipher.update(sealed.ciphertext)
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw new AuthenticationError('authentication_failed', 'The authentication tag does not fit the message.')
  }
  return plaintext
}
