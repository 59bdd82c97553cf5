import { EncryptionError } from '../errors.ts'
import type { KemAlgorithm } from './algorithms.ts'
import { requireBytes, requireObject } from './input.ts'
import { isKem } from './key-encoding.ts'
import { type PrivateKeyInput, type PublicKeyInput, readPrivateKey, readPublicKey } from './key-import.ts'
import { encapsulateWithMessage } from './post-quantum-noble.ts'
import type { Providers } from './providers.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

/** FIPS 203, table 3. */
export const kemCiphertextBytes: Readonly<Record<KemAlgorithm, number>> = {
  'ML-KEM-768': 1088,
  'ML-KEM-1024': 1568,
}

export interface Encapsulated {
  readonly ciphertext: Buffer
  /** 32 bytes to derive keys from. */
  readonly sharedSecret: SecretKey
}

/**
 * ML-KEM.Encaps (FIPS 203, algorithm 20). The public key passed the modulus check when it was read. `message` takes
 * the place of the 32 random bytes, for known answers only.
 * @throws EncryptionError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export function encapsulate(
  publicKey: PublicKeyInput,
  options: { readonly message?: Uint8Array } = {},
  providers: Providers = platformProviders(),
): Encapsulated {
  requireObject(EncryptionError, 'options', options)
  const { message } = options
  const key = readPublicKey(publicKey, providers)
  if (key.kem === null || key.raw === null || !isKem(key.kind)) throw wrongKind('publicKey', key.kind)
  if (message !== undefined) requireBytes(EncryptionError, 'message', message, { min: 32, max: 32 })
  const made =
    message === undefined ? key.kem.encapsulate() : encapsulateWithMessage(key.kind, key.raw, message)
  if (made === null) throw new EncryptionError('encryption_failed', 'The ML-KEM public key was refused.')
  return { ciphertext: made.ciphertext, sharedSecret: SecretKey.take(made.sharedSecret, 'HKDF') }
}

/**
 * ML-KEM.Decaps (FIPS 203, algorithm 21): 32 bytes to derive keys from. A ciphertext of the right length that was
 * altered gives another secret and no error (implicit rejection); key confirmation finds that out.
 * @throws EncryptionError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export function decapsulate(
  privateKey: PrivateKeyInput,
  ciphertext: Uint8Array,
  providers: Providers = platformProviders(),
): SecretKey {
  const key = readPrivateKey(privateKey, providers)
  if (key.kem === null || !isKem(key.kind)) throw wrongKind('privateKey', key.kind)
  const length = kemCiphertextBytes[key.kind]
  requireBytes(EncryptionError, `ciphertext (${key.kind})`, ciphertext, { min: length, max: length })
  return SecretKey.take(key.kem.decapsulate(ciphertext), 'HKDF')
}

const wrongKind = (parameter: string, kind: string): EncryptionError =>
  new EncryptionError('invalid_input', `${parameter} must be an ML-KEM key; given was one of ${kind}.`)
