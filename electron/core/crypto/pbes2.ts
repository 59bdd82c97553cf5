import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { AuthenticationError, EncryptionError } from '../errors.ts'
import type { HashName } from './algorithms.ts'
import { requireBytes, requireName, requireObject } from './input.ts'
import { deriveForeignPbkdf2, derivePbkdf2, leastPbkdf2Iterations } from './kdf.ts'

/** `AES-256-CBC` is what other programs read; only `AES-256-GCM` finds out that a file was altered. */
export const pbes2Ciphers = ['AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC', 'AES-256-GCM'] as const
export type Pbes2Cipher = (typeof pbes2Ciphers)[number]

export const pbes2Shapes: Readonly<
  Record<Pbes2Cipher, { readonly node: string; readonly keyBytes: number; readonly ivBytes: number }>
> = {
  'AES-128-CBC': { node: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  'AES-192-CBC': { node: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  'AES-256-CBC': { node: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
  'AES-256-GCM': { node: 'aes-256-gcm', keyBytes: 32, ivBytes: 12 },
}

const tagBytes = 16

export interface Pbes2Parameters {
  readonly cipher: Pbes2Cipher
  /** Of HMAC in PBKDF2. */
  readonly hash: HashName
  readonly salt: Uint8Array
  readonly iterations: number
  readonly iv: Uint8Array
}

/**
 * PBES2 (RFC 8018 section 6.2) with PBKDF2: what the engine writes has 100,000 iterations or more and AES-256.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export async function encryptPbes2(
  plaintext: Uint8Array,
  password: Uint8Array,
  parameters: Pbes2Parameters,
): Promise<Buffer> {
  requireParameters(parameters, ['AES-256-CBC', 'AES-256-GCM'])
  requireBytes(EncryptionError, 'plaintext', plaintext)
  const { cipher, hash, salt, iterations } = parameters
  const length = pbes2Shapes[cipher].keyBytes
  const key = await derivePbkdf2({ hash, password, salt, iterations, length })
  try {
    return sealBytes(cipher, key, parameters.iv, plaintext)
  } finally {
    key.fill(0)
  }
}

/**
 * Opens what anybody wrote with PBES2 and PBKDF2, however few iterations; in a buffer that the caller fills with zeros.
 * @throws AuthenticationError `authentication_failed` for a wrong password or altered bytes, so far as the cipher can
 *   tell; EncryptionError `invalid_input` naming the parameter
 */
export async function decryptPbes2(
  ciphertext: Uint8Array,
  password: Uint8Array,
  parameters: Pbes2Parameters,
): Promise<Buffer> {
  requireParameters(parameters, pbes2Ciphers)
  requireBytes(EncryptionError, 'ciphertext', ciphertext)
  const { cipher, hash, salt, iterations } = parameters
  const length = pbes2Shapes[cipher].keyBytes
  const key = await deriveForeignPbkdf2({ hash, password, salt, iterations, length })
  try {
    return openBytes(cipher, key, parameters.iv, ciphertext)
  } finally {
    key.fill(0)
  }
}

/** What the engine writes by itself; OWASP's figure for PBKDF2-HMAC-SHA256. */
export const pbes2Iterations = Math.max(600_000, leastPbkdf2Iterations)

function requireParameters(parameters: Pbes2Parameters, ciphers: readonly Pbes2Cipher[]): void {
  requireObject(EncryptionError, 'parameters', parameters)
  requireName(EncryptionError, 'cipher', parameters.cipher, ciphers)
  const { ivBytes } = pbes2Shapes[parameters.cipher]
  requireBytes(EncryptionError, 'iv', parameters.iv, { min: ivBytes, max: ivBytes })
}

/** Ciphertext; with AES-256-GCM the tag behind it (RFC 5084). */
function sealBytes(cipher: Pbes2Cipher, key: Buffer, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  const secret = createSecretKey(key)
  if (cipher === 'AES-256-GCM') {
    const work = createCipheriv('aes-256-gcm', secret, iv, { authTagLength: tagBytes })
    return Buffer.concat([work.update(plaintext), work.final(), work.getAuthTag()])
  }
  const work = createCipheriv(pbes2Shapes[cipher].node, secret, iv)
  return Buffer.concat([work.update(plaintext), work.final()])
}

/** Also for keys that were stretched otherwise. @throws AuthenticationError `authentication_failed` */
export function openBytes(
  cipher: Pbes2Cipher,
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Buffer {
  const secret = createSecretKey(key)
  try {
    if (cipher !== 'AES-256-GCM') {
      const work = createDecipheriv(pbes2Shapes[cipher].node, secret, iv)
      return joined(work.update(ciphertext), work.final())
    }
    if (ciphertext.byteLength < tagBytes) throw new RangeError('no tag')
    const end = ciphertext.byteLength - tagBytes
    const work = createDecipheriv('aes-256-gcm', secret, iv, { authTagLength: tagBytes })
    work.setAuthTag(ciphertext.subarray(end))
    return joined(work.update(ciphertext.subarray(0, end)), work.final())
  } catch {
    throw new AuthenticationError(
      'authentication_failed',
      'The passphrase is wrong, or what it protects was altered.',
    )
  }
}

/** Both parts in a buffer of its own; nothing of the plaintext stays behind. */
function joined(first: Buffer, last: Buffer): Buffer {
  const whole = Buffer.allocUnsafeSlow(first.length + last.length)
  first.copy(whole)
  last.copy(whole, first.length)
  first.fill(0)
  last.fill(0)
  return whole
}
