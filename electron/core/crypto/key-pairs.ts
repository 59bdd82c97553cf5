import { generateKeyPair as generateNative, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { KeyManagementError } from '../errors.ts'
import { type Curve, type KeyPairAlgorithm, keyPairAlgorithms } from './algorithms.ts'
import type { PrivateKey } from './asymmetric-key.ts'
import { isScalar } from './curve-scalar.ts'
import { requireName } from './input.ts'
import { type RawKind, rawEncodings } from './key-encoding.ts'
import { importRawPrivateKey, readPrivateKey } from './key-import.ts'
import type { Providers } from './providers.ts'
import { platformRandom, type RandomSource } from './random.ts'
import { platformProviders } from './registry.ts'

const generate = promisify(generateNative)

/** A key pair as PEM. Whoever holds the private key fills it with zeros when done. */
export interface KeyPairPem {
  /** PKCS#8; ML-* keys as their seed. */
  readonly privateKey: Buffer
  /** SubjectPublicKeyInfo. */
  readonly publicKey: string
}

/**
 * Makes a key pair without blocking the event loop: RSA on the library's threads (RSA-4096 takes from half a second
 * to several), the others in a few milliseconds at most. ML-* and Ed25519, X25519 and curve keys come from `random`;
 * RSA primes always from the platform's generator.
 * @throws KeyManagementError `invalid_input` for an unknown algorithm
 */
export async function generateKeyPair(
  algorithm: KeyPairAlgorithm,
  random: RandomSource = platformRandom,
  providers: Providers = platformProviders(),
): Promise<KeyPairPem> {
  const key = await generatePrivateKey(algorithm, random, providers)
  try {
    return { privateKey: key.exportPem(), publicKey: key.publicKey.pem }
  } finally {
    key.destroy()
  }
}

/** As `generateKeyPair`, as a key ready for use. @throws KeyManagementError `invalid_input` */
export async function generatePrivateKey(
  algorithm: KeyPairAlgorithm,
  random: RandomSource = platformRandom,
  providers: Providers = platformProviders(),
): Promise<PrivateKey> {
  requireName(KeyManagementError, 'algorithm', algorithm, keyPairAlgorithms)
  switch (algorithm) {
    case 'RSA-2048':
      return readPrivateKey(await rsa(2048), providers)
    case 'RSA-4096':
      return readPrivateKey(await rsa(4096), providers)
    case 'ECDSA-P256':
      return random === platformRandom
        ? readPrivateKey((await generate('ec', { namedCurve: 'P-256' })).privateKey, providers)
        : fromScalar('P-256', random, providers)
    case 'ECDSA-P384':
      return random === platformRandom
        ? readPrivateKey((await generate('ec', { namedCurve: 'P-384' })).privateKey, providers)
        : fromScalar('P-384', random, providers)
    default:
      return fromSeed(algorithm, random, providers)
  }
}

const rsa = async (bits: number): Promise<KeyObject> =>
  (await generate('rsa', { modulusLength: bits, publicExponent: 65537 })).privateKey

function fromSeed(kind: RawKind, random: RandomSource, providers: Providers): PrivateKey {
  const seed = random.bytes(rawEncodings[kind].privateBytes)
  try {
    return importRawPrivateKey(kind, seed, providers)
  } finally {
    seed.fill(0)
  }
}

/** Draws scalars until one is in [1, n - 1] (FIPS 186-5 appendix A.2.2); the first one nearly always is. */
function fromScalar(curve: Curve, random: RandomSource, providers: Providers): PrivateKey {
  for (let draws = 0; draws < 64; draws++) {
    const scalar = random.bytes(rawEncodings[curve].privateBytes)
    try {
      if (isScalar(curve, scalar)) {
        return importRawPrivateKey(curve, scalar, providers)
      }
    } finally {
      scalar.fill(0)
    }
  }
  throw new KeyManagementError('token_error', 'The random source gives no usable bytes; replace it.')
}
