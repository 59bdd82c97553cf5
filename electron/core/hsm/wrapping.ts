import { aeadIvBytes, type AeadKey, aeadTagBytes, open, seal } from '../crypto/aead.ts'
import type { RandomSource } from '../crypto/random.ts'
import { KeyManagementError } from '../errors.ts'

const version = 1
const headerBytes = 1 + aeadIvBytes + aeadTagBytes

/** Seals a secret: version (1 byte), IV (12), tag (16), ciphertext. `context` is bound as associated data. */
export function wrapSecret(
  key: AeadKey,
  random: RandomSource,
  secret: Uint8Array,
  context: Uint8Array,
): Buffer {
  const iv = random.bytes(aeadIvBytes)
  const { ciphertext, tag } = seal(key, iv, context, secret)
  return Buffer.concat([Buffer.of(version), iv, tag, ciphertext])
}

/** Opens what `wrapSecret` sealed. @throws KeyManagementError `token_error` */
export function unwrapSecret(key: AeadKey, sealed: Uint8Array, context: Uint8Array): Buffer {
  if (sealed.length < headerBytes || sealed[0] !== version) throw notOurs()
  const iv = sealed.subarray(1, 1 + aeadIvBytes)
  const tag = sealed.subarray(1 + aeadIvBytes, headerBytes)
  try {
    return open(key, iv, context, { ciphertext: sealed.subarray(headerBytes), tag })
  } catch {
    throw notOurs()
  }
}

const notOurs = (): KeyManagementError =>
  new KeyManagementError(
    'token_error',
    'A stored secret was not sealed by this token for this purpose, or it was altered. Restore the data folder from a backup made with this token.',
  )
