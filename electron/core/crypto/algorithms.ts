/** The closed sets of names that the engine's public functions take. */

export const aeadAlgorithms = ['AES-256-GCM', 'ChaCha20-Poly1305'] as const
export type AeadAlgorithm = (typeof aeadAlgorithms)[number]

export const macAlgorithms = ['HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512', 'BLAKE2b'] as const
export type MacAlgorithm = (typeof macAlgorithms)[number]

export const hashNames = ['SHA-256', 'SHA-384', 'SHA-512'] as const
export type HashName = (typeof hashNames)[number]

/** Node's names, and bytes of a digest. */
export const hashes: Readonly<Record<HashName, { readonly node: string; readonly bytes: number }>> = {
  'SHA-256': { node: 'sha256', bytes: 32 },
  'SHA-384': { node: 'sha384', bytes: 48 },
  'SHA-512': { node: 'sha512', bytes: 64 },
}

/** The spec's three, its post-quantum additions, and the longer hashes of the first two. */
export const signatureAlgorithms = [
  'RSA-PSS-SHA256',
  'RSA-PSS-SHA384',
  'RSA-PSS-SHA512',
  'ECDSA-SHA256',
  'ECDSA-SHA384',
  'ECDSA-SHA512',
  'Ed25519',
  'ML-DSA-65',
  'ML-DSA-87',
] as const
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

export const mlDsaAlgorithms = ['ML-DSA-65', 'ML-DSA-87'] as const
export type MlDsaAlgorithm = (typeof mlDsaAlgorithms)[number]

export const kemAlgorithms = ['ML-KEM-768', 'ML-KEM-1024'] as const
export type KemAlgorithm = (typeof kemAlgorithms)[number]

export const keyPairAlgorithms = [
  'RSA-2048',
  'RSA-4096',
  'ECDSA-P256',
  'ECDSA-P384',
  'Ed25519',
  'X25519',
  'ML-KEM-768',
  'ML-KEM-1024',
  'ML-DSA-65',
  'ML-DSA-87',
] as const
export type KeyPairAlgorithm = (typeof keyPairAlgorithms)[number]

/** What a key is, whatever it is used for: a P-256 key signs and agrees. */
export type KeyKind = 'RSA' | 'P-256' | 'P-384' | 'Ed25519' | 'X25519' | KemAlgorithm | MlDsaAlgorithm

export const curves = ['P-256', 'P-384'] as const
export type Curve = (typeof curves)[number]

/** What a secret key may be used for. `HKDF`: only to derive other keys from it. */
export const secretAlgorithms = [...aeadAlgorithms, ...macAlgorithms, 'HKDF', 'AES-256-KW'] as const
export type SecretAlgorithm = (typeof secretAlgorithms)[number]

/** Least and most bytes of a key; RFC 2104 section 3 and RFC 7693 section 2.1 for the MACs, at least 128 bits each. */
export const secretLengths: Readonly<
  Record<SecretAlgorithm, { readonly min: number; readonly max: number }>
> = {
  'AES-256-GCM': { min: 32, max: 32 },
  'ChaCha20-Poly1305': { min: 32, max: 32 },
  'HMAC-SHA256': { min: 16, max: 1024 },
  'HMAC-SHA384': { min: 16, max: 1024 },
  'HMAC-SHA512': { min: 16, max: 1024 },
  BLAKE2b: { min: 16, max: 64 },
  HKDF: { min: 0, max: 65_536 },
  'AES-256-KW': { min: 32, max: 32 },
}
