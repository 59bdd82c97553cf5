import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'

/** The kinds of key a software token holds, and how they sign; `Token` in core/hsm has the same names. */
export type StoredKeyAlgorithm = 'ECDSA-P384' | 'RSA-4096' | 'AES-256'
export type StoredSignMechanism = 'ECDSA-SHA384' | 'RSA-PKCS1-SHA384'

/** A secret or private key in memory; its bytes live outside the JavaScript heap. */
export type StoredKey = KeyObject

const makePair = promisify(generateKeyPair)
const makeSecret = promisify(generateKey)

/** Makes a key off the main thread; RSA-4096 takes from half a second to several. */
export async function generateStoredKey(algorithm: StoredKeyAlgorithm): Promise<StoredKey> {
  switch (algorithm) {
    case 'ECDSA-P384':
      return (await makePair('ec', { namedCurve: 'P-384' })).privateKey
    case 'RSA-4096':
      return (await makePair('rsa', { modulusLength: 4096, publicExponent: 65537 })).privateKey
    case 'AES-256':
      return makeSecret('aes', { length: 256 })
  }
}

/** The key's bytes, PKCS#8 DER or 32 raw bytes, for sealing them; whoever asked fills them with zeros. */
export function storedKeyBytes(key: StoredKey): Buffer {
  return key.type === 'secret' ? key.export() : key.export({ type: 'pkcs8', format: 'der' })
}

/** A key from `storedKeyBytes`. @throws if the bytes are not of such a key. */
export function readStoredKey(algorithm: StoredKeyAlgorithm, bytes: Buffer): StoredKey {
  return algorithm === 'AES-256'
    ? createSecretKey(bytes)
    : createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' })
}

/** SubjectPublicKeyInfo (DER) of a private key. */
export const storedPublicKey = (key: StoredKey): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' })

/** Signs with SHA-384: ECDSA as `r || s` (96 bytes), RSA as RSASSA-PKCS1-v1_5 (RFC 8017, 512 bytes). */
export function signWithStoredKey(
  key: StoredKey,
  mechanism: StoredSignMechanism,
  message: Uint8Array,
): Promise<Buffer> {
  const how = mechanism === 'ECDSA-SHA384' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : { key }
  return new Promise((resolve, reject) => {
    sign('sha384', message, how, (error, signature) => (error ? reject(error) : resolve(signature)))
  })
}
