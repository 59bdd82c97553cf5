import { createCipheriv, createDecipheriv } from 'node:crypto'
import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { aeadIvBytes, aeadTagBytes } from './aead.ts'
import type { AeadAlgorithm } from './algorithms.ts'
import type { AeadProvider } from './providers.ts'
import { SecretKey } from './secret-key.ts'

const tagLength = { authTagLength: aeadTagBytes } as const

/** OpenSSL or BoringSSL. No `Buffer.concat`: neither cipher has padding, so `final` yields no bytes. */
const aesGcm: AeadProvider = {
  name: 'node',
  seal(key, iv, associatedData, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key.keyObject, iv, tagLength)
    if (associatedData.byteLength > 0) cipher.setAAD(associatedData)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return { ciphertext, tag: cipher.getAuthTag() }
  },
  open(key, iv, associatedData, ciphertext, tag) {
    const decipher = createDecipheriv('aes-256-gcm', key.keyObject, iv, tagLength)
    if (associatedData.byteLength > 0) decipher.setAAD(associatedData)
    decipher.setAuthTag(tag)
    const plaintext = decipher.update(ciphertext)
    try {
      decipher.final()
    } catch {
      plaintext.fill(0)
      return null
    }
    return plaintext
  },
}

/** OpenSSL only: BoringSSL has no such cipher behind `createCipheriv`. */
const chaCha20Poly1305: AeadProvider = {
  name: 'node',
  seal(key, iv, associatedData, plaintext) {
    const cipher = createCipheriv('chacha20-poly1305', key.keyObject, iv, tagLength)
    if (associatedData.byteLength > 0)
      cipher.setAAD(associatedData, { plaintextLength: plaintext.byteLength })
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return { ciphertext, tag: cipher.getAuthTag() }
  },
  open(key, iv, associatedData, ciphertext, tag) {
    const decipher = createDecipheriv('chacha20-poly1305', key.keyObject, iv, tagLength)
    if (associatedData.byteLength > 0) {
      decipher.setAAD(associatedData, { plaintextLength: ciphertext.byteLength })
    }
    decipher.setAuthTag(tag)
    const plaintext = decipher.update(ciphertext)
    try {
      decipher.final()
    } catch {
      plaintext.fill(0)
      return null
    }
    return plaintext
  },
}

export const nodeAead: Readonly<Record<AeadAlgorithm, AeadProvider>> = {
  'AES-256-GCM': aesGcm,
  'ChaCha20-Poly1305': chaCha20Poly1305,
}

type NobleCipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
) => { encrypt(plaintext: Uint8Array): Uint8Array; decrypt(sealed: Uint8Array): Uint8Array }

/** The packages write ciphertext and tag in one piece and check the tag before they decrypt. */
const noble = (cipher: NobleCipher): AeadProvider => ({
  name: 'noble',
  seal: (key, iv, associatedData, plaintext) =>
    key.use((bytes) => {
      const sealed = asBuffer(cipher(bytes, iv, associatedData).encrypt(plaintext))
      const end = sealed.length - aeadTagBytes
      return { ciphertext: sealed.subarray(0, end), tag: sealed.subarray(end) }
    }),
  open: (key, iv, associatedData, ciphertext, tag) =>
    key.use((bytes) => {
      const sealed = Buffer.allocUnsafeSlow(ciphertext.byteLength + tag.byteLength)
      sealed.set(ciphertext)
      sealed.set(tag, ciphertext.byteLength)
      try {
        return asBuffer(cipher(bytes, iv, associatedData).decrypt(sealed))
      } catch {
        return null
      }
    }),
})

export const nobleAead: Readonly<Record<AeadAlgorithm, AeadProvider>> = {
  'AES-256-GCM': noble(gcm),
  'ChaCha20-Poly1305': noble(chacha20poly1305),
}

/** True if this process's node:crypto has the cipher and seals and opens with it. */
export function nodeHasAead(algorithm: AeadAlgorithm): boolean {
  const key = SecretKey.take(Buffer.alloc(32, 1), algorithm)
  const iv = Buffer.alloc(aeadIvBytes)
  const text = Buffer.from('probe')
  try {
    const { ciphertext, tag } = nodeAead[algorithm].seal(key, iv, text, text)
    return nodeAead[algorithm].open(key, iv, text, ciphertext, tag)?.equals(text) === true
  } catch {
    return false
  } finally {
    key.zeroise()
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
