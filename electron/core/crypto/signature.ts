import { constants, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { KeyManagementError } from '../errors.ts'
import { readRawSpki } from './key-encoding.ts'

export type IdentityAlgorithm = 'ECDSA-P384' | 'RSA-4096'

/** Signs for an agent. Asynchronous, because the key may live in a token. */
export interface IdentitySigner {
  readonly algorithm: IdentityAlgorithm
  sign(message: Uint8Array): Promise<Buffer>
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 } as const

/**
 * The identity algorithm of a key, or null where agents may not have such a key. A P-384 key names its curve and has
 * its point in uncompressed form: one key, one SubjectPublicKeyInfo, one fingerprint.
 */
export function identityAlgorithm(key: KeyObject): IdentityAlgorithm | null {
  if (key.asymmetricKeyType === 'ec') {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key
    return isP384(publicKey.export({ type: 'spki', format: 'der' })) ? 'ECDSA-P384' : null
  }
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 4096)
    return 'RSA-4096'
  return null
}

const isP384 = (spki: Uint8Array): boolean => readRawSpki(spki)?.kind === 'P-384'

/**
 * An identity key held in memory, read from PKCS#8 DER. Fills `pkcs8` with zeros.
 * @throws KeyManagementError when the key is of a kind that agents may not have.
 */
export function takeIdentityKey(pkcs8: Buffer): IdentitySigner {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } catch {
    throw new KeyManagementError('token_error', 'The identity key cannot be read as PKCS#8.')
  } finally {
    pkcs8.fill(0)
  }
  const algorithm = identityAlgorithm(key)
  if (algorithm === null)
    throw new KeyManagementError('token_error', 'An identity key is ECDSA P-384 or RSA-4096.')
  return { algorithm, sign: (message) => Promise.resolve(signWith(key, algorithm, message)) }
}

/** ECDSA with SHA-384 in the form `r || s` (96 bytes), or RSASSA-PSS with SHA-384 and a salt of 48 bytes (RFC 8017). */
function signWith(key: KeyObject, algorithm: IdentityAlgorithm, message: Uint8Array): Buffer {
  return algorithm === 'ECDSA-P384'
    ? sign('sha384', message, { key, dsaEncoding: 'ieee-p1363' })
    : sign('sha384', message, { key, ...pss })
}

/** True if `signature` over `message` was made by the identity key whose SubjectPublicKeyInfo (DER) is given. */
export function verifyIdentitySignature(
  spki: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const algorithm = identityAlgorithm(key)
  if (algorithm === null || (algorithm === 'ECDSA-P384' && !isP384(spki))) return false
  return algorithm === 'ECDSA-P384'
    ? verify('sha384', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    : verify('sha384', message, { key, ...pss }, signature)
}
