import { constants, type KeyObject, sign, verify } from 'node:crypto'
import { AuthenticationError } from '../errors.ts'
import { type HashName, hashes, type SignatureAlgorithm, signatureAlgorithms } from './algorithms.ts'
import type { PrivateKey, PublicKey } from './asymmetric-key.ts'
import { requireBytes, requireInteger, requireName, requireObject } from './input.ts'
import { isCurve, isMlDsa } from './key-encoding.ts'
import { type PrivateKeyInput, type PublicKeyInput, readPrivateKey, readPublicKey } from './key-import.ts'
import type { Providers } from './providers.ts'
import { platformProviders } from './registry.ts'

/** `der`: SEQUENCE { r, s }; `raw`: r || s (IEEE P1363), the form of WebCrypto and PKCS#11. */
export const ecdsaForms = ['der', 'raw'] as const
export type EcdsaForm = (typeof ecdsaForms)[number]

export interface SignatureOptions {
  /** Form of an ECDSA signature; `der` where it is not given. */
  readonly form?: EcdsaForm
  /** Bytes of the salt of RSA-PSS, made and required; the hash's length where it is not given. */
  readonly saltLength?: number
  /** Context of ML-DSA, at most 255 bytes (FIPS 204 section 5.2); empty where it is not given. */
  readonly context?: Uint8Array
  /** The deterministic variant of ML-DSA (FIPS 204 section 3.4), for known answers. */
  readonly deterministic?: boolean
}

type Scheme =
  | { readonly family: 'RSA-PSS'; readonly hash: HashName }
  | { readonly family: 'ECDSA'; readonly hash: HashName }
  | { readonly family: 'Ed25519' }
  | { readonly family: 'ML-DSA' }

const schemes: Readonly<Record<SignatureAlgorithm, Scheme>> = {
  'RSA-PSS-SHA256': { family: 'RSA-PSS', hash: 'SHA-256' },
  'RSA-PSS-SHA384': { family: 'RSA-PSS', hash: 'SHA-384' },
  'RSA-PSS-SHA512': { family: 'RSA-PSS', hash: 'SHA-512' },
  'ECDSA-SHA256': { family: 'ECDSA', hash: 'SHA-256' },
  'ECDSA-SHA384': { family: 'ECDSA', hash: 'SHA-384' },
  'ECDSA-SHA512': { family: 'ECDSA', hash: 'SHA-512' },
  Ed25519: { family: 'Ed25519' },
  'ML-DSA-65': { family: 'ML-DSA' },
  'ML-DSA-87': { family: 'ML-DSA' },
}

const noContext = new Uint8Array(0)

/**
 * Signs with RSASSA-PSS (RFC 8017, MGF1 with the same hash), ECDSA (FIPS 186-5), Ed25519 (RFC 8032) or ML-DSA (FIPS
 * 204, pure).
 * @throws AuthenticationError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export function createSignature(
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  privateKey: PrivateKeyInput,
  options: SignatureOptions = {},
  providers: Providers = platformProviders(),
): Buffer {
  requireName(AuthenticationError, 'algorithm', algorithm, signatureAlgorithms)
  requireBytes(AuthenticationError, 'message', message)
  requireOptions(options)
  const key = readPrivateKey(privateKey, providers)
  requireKind(algorithm, 'privateKey', key)
  const scheme = schemes[algorithm]
  if (scheme.family === 'Ed25519') return sign(null, message, keyObjectOf(key))
  if (scheme.family === 'ML-DSA') {
    if (key.mlDsa === null) throw wrongKind(algorithm, 'privateKey', key)
    return key.mlDsa.sign(message, options.context ?? noContext, options.deterministic ?? false)
  }
  const { node } = hashes[scheme.hash]
  if (scheme.family === 'ECDSA') {
    return sign(node, message, ecdsaKey(key, options))
  }
  requireSaltFits(scheme.hash, key.publicKey, options)
  try {
    return sign(node, message, { key: keyObjectOf(key), ...pss(scheme.hash, options) })
  } catch {
    throw new AuthenticationError(
      'invalid_input',
      'privateKey must be an RSA key that the library can sign with; given was one whose numbers do not fit together.',
    )
  }
}

/**
 * True if the holder of the key signed `message`. A signature that is malformed or of a wrong length is not valid.
 * @throws AuthenticationError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export function checkSignature(
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: PublicKeyInput,
  options: SignatureOptions = {},
  providers: Providers = platformProviders(),
): boolean {
  requireName(AuthenticationError, 'algorithm', algorithm, signatureAlgorithms)
  requireBytes(AuthenticationError, 'message', message)
  requireBytes(AuthenticationError, 'signature', signature)
  requireOptions(options)
  const key = readPublicKey(publicKey, providers)
  requireKind(algorithm, 'publicKey', key)
  const scheme = schemes[algorithm]
  if (scheme.family === 'ML-DSA') {
    return key.mlDsa?.verify(message, signature, options.context ?? noContext) ?? false
  }
  if (scheme.family === 'RSA-PSS') requireSaltFits(scheme.hash, key, options)
  try {
    if (scheme.family === 'Ed25519') return verify(null, message, keyObjectOf(key), signature)
    const { node } = hashes[scheme.hash]
    if (scheme.family === 'RSA-PSS') {
      return verify(node, message, { key: keyObjectOf(key), ...pss(scheme.hash, options) }, signature)
    }
    const rawBytes = key.kind === 'P-384' ? 96 : 64
    if (options.form === 'raw' && signature.byteLength !== rawBytes) return false
    return verify(node, message, ecdsaKey(key, options), signature)
  } catch {
    // Some malformed signatures make the library throw instead of answering false.
    return false
  }
}

/** DER is what the library does by itself; the bare key costs a third less than the same key among options. */
const ecdsaKey = (key: PrivateKey | PublicKey, { form }: SignatureOptions) =>
  form === 'raw' ? { key: keyObjectOf(key), dsaEncoding: 'ieee-p1363' as const } : keyObjectOf(key)

const pss = (hash: HashName, { saltLength }: SignatureOptions) => ({
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: saltLength ?? hashes[hash].bytes,
})

/** RFC 8017 section 9.1.1: the hash, the salt and two bytes fit into one bit less than the modulus. */
function requireSaltFits(hash: HashName, key: PublicKey, { saltLength }: SignatureOptions): void {
  if (saltLength === undefined) return
  const most = Math.ceil(((key.modulusBits ?? 0) - 1) / 8) - hashes[hash].bytes - 2
  requireInteger(AuthenticationError, 'saltLength', saltLength, 0, most)
}

function requireOptions(options: SignatureOptions): void {
  requireObject(AuthenticationError, 'options', options)
  const { form, saltLength, context } = options
  if (form !== undefined) requireName(AuthenticationError, 'form', form, ecdsaForms)
  if (saltLength !== undefined) requireInteger(AuthenticationError, 'saltLength', saltLength, 0, 512)
  if (context !== undefined) requireBytes(AuthenticationError, 'context', context, { max: 255 })
}

function requireKind(algorithm: SignatureAlgorithm, parameter: string, key: PrivateKey | PublicKey): void {
  const { family } = schemes[algorithm]
  const fits =
    (family === 'RSA-PSS' && key.kind === 'RSA') ||
    (family === 'ECDSA' && isCurve(key.kind)) ||
    (family === 'Ed25519' && key.kind === 'Ed25519') ||
    (family === 'ML-DSA' && isMlDsa(key.kind) && key.kind === algorithm)
  if (!fits) throw wrongKind(algorithm, parameter, key)
}

const wrongKind = (
  algorithm: SignatureAlgorithm,
  parameter: string,
  key: PrivateKey | PublicKey,
): AuthenticationError =>
  new AuthenticationError(
    'invalid_input',
    `${parameter} must be a key for ${algorithm}; given was one of ${key.kind}.`,
  )

function keyObjectOf(key: PrivateKey | PublicKey): KeyObject {
  if (key.keyObject === null) throw new TypeError('a classic key has a key object')
  return key.keyObject
}
