import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { KeyManagementError } from '../errors.ts'
import { type IdentityAlgorithm, identityAlgorithm } from './signature.ts'

const generate = promisify(generateKeyPair)

/** An identity key pair as bytes, for sealing or storing. Whoever holds it fills `pkcs8` with zeros when done. */
export interface IdentityKeyPair {
  readonly algorithm: IdentityAlgorithm
  /** Private key, PKCS#8 DER. */
  readonly pkcs8: Buffer
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
}

/** Makes the key pair of an agent or of the gateway. RSA-4096 takes seconds, off the main thread. */
export async function generateIdentity(
  algorithm: IdentityAlgorithm = 'ECDSA-P384',
): Promise<IdentityKeyPair> {
  const { privateKey, publicKey } =
    algorithm === 'ECDSA-P384'
      ? await generate('ec', { namedCurve: 'P-384' })
      : await generate('rsa', { modulusLength: 4096, publicExponent: 65537 })
  return {
    algorithm,
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

/**
 * The key pair whose private key was stored before. Takes the buffer over, it does not copy it.
 * @throws KeyManagementError when it is not PKCS#8 DER of an ECDSA P-384 or RSA-4096 key.
 */
export function readIdentity(pkcs8: Buffer): IdentityKeyPair {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } catch {
    throw new KeyManagementError(
      'token_error',
      'The stored identity key cannot be read as PKCS#8. Enrol the agent again.',
    )
  }
  const algorithm = identityAlgorithm(key)
  if (algorithm === null)
    throw new KeyManagementError('token_error', 'An identity key is ECDSA P-384 or RSA-4096.')
  return { algorithm, pkcs8, spki: createPublicKey(key).export({ type: 'spki', format: 'der' }) }
}
