import { nobleAead, nodeAead, nodeHasAead } from './aead-providers.ts'
import { aeadAlgorithms, type KemAlgorithm, kemAlgorithms, type MlDsaAlgorithm } from './algorithms.ts'
import { mlDsaAlgorithms } from './algorithms.ts'
import { nativeArgon2, nativeArgon2Works, nobleArgon2 } from './argon2-providers.ts'
import { nodeHasKem, nodeKem, nodeMlDsa, nodeMlDsaSupport } from './post-quantum-node.ts'
import { nobleKem, nobleMlDsa } from './post-quantum-noble.ts'
import type { AeadProvider, KemProvider, MlDsaProvider, ProviderName, Providers } from './providers.ts'

/**
 * Probes what this process's library really has, by using it, and takes the audited package where it has not:
 * BoringSSL (Electron, Bun) has no ChaCha20-Poly1305 cipher and may have neither ML-KEM nor ML-DSA.
 * With `forceNoble` every algorithm that has a package uses it; results are the same byte for byte, only slower.
 */
export function createProviders({ forceNoble = false }: { readonly forceNoble?: boolean } = {}): Providers {
  const aead = (algorithm: (typeof aeadAlgorithms)[number]): AeadProvider =>
    !forceNoble && nodeHasAead(algorithm) ? nodeAead[algorithm] : nobleAead[algorithm]
  const kem = (algorithm: KemAlgorithm): KemProvider =>
    !forceNoble && nodeHasKem(algorithm) ? nodeKem(algorithm) : nobleKem(algorithm)
  const mlDsa = (algorithm: MlDsaAlgorithm): MlDsaProvider => {
    const support = forceNoble ? 'none' : nodeMlDsaSupport(algorithm)
    return support === 'none' ? nobleMlDsa(algorithm) : nodeMlDsa(algorithm, support === 'with context')
  }
  return {
    aead: { 'AES-256-GCM': aead('AES-256-GCM'), 'ChaCha20-Poly1305': aead('ChaCha20-Poly1305') },
    kem: { 'ML-KEM-768': kem('ML-KEM-768'), 'ML-KEM-1024': kem('ML-KEM-1024') },
    mlDsa: { 'ML-DSA-65': mlDsa('ML-DSA-65'), 'ML-DSA-87': mlDsa('ML-DSA-87') },
    argon2id: !forceNoble && nativeArgon2Works() ? nativeArgon2 : nobleArgon2,
  }
}

let platform: Providers | null = null

/** The providers of this process, probed once, at first use. */
export const platformProviders = (): Providers => (platform ??= createProviders())

/** One line of the capability table. */
export interface AlgorithmStatus {
  readonly algorithm: string
  readonly provider: ProviderName
}

/** Always from node:crypto: OpenSSL and BoringSSL both have them. */
const onEveryPlatform = [
  'HMAC-SHA256',
  'HMAC-SHA384',
  'HMAC-SHA512',
  'HKDF',
  'PBKDF2',
  'RSA-PSS',
  'RSA-OAEP',
  'ECDSA',
  'Ed25519',
  'ECDH-P256',
  'ECDH-P384',
  'X25519',
] as const

/** Always from a package: BoringSSL has neither, and one implementation everywhere is one to trust. */
const alwaysPackaged = ['BLAKE2b', 'AES-256-KW'] as const

/** Which provider does what in this process. */
export function capabilities(providers: Providers = platformProviders()): readonly AlgorithmStatus[] {
  return [
    ...aeadAlgorithms.map((algorithm) => ({ algorithm, provider: providers.aead[algorithm].name })),
    ...onEveryPlatform.map((algorithm) => ({ algorithm, provider: 'node' as const })),
    ...alwaysPackaged.map((algorithm) => ({ algorithm, provider: 'noble' as const })),
    { algorithm: 'Argon2id', provider: providers.argon2id.name },
    ...kemAlgorithms.map((algorithm) => ({ algorithm, provider: providers.kem[algorithm].name })),
    ...mlDsaAlgorithms.map((algorithm) => ({ algorithm, provider: providers.mlDsa[algorithm].name })),
  ]
}
