import type { KeyPairAlgorithm } from '../crypto/algorithms.ts'
import { generateKeyPair, type KeyPairPem } from '../crypto/key-pairs.ts'
import type { Providers } from '../crypto/providers.ts'
import { platformRandom, type RandomSource } from '../crypto/random.ts'
import { platformProviders } from '../crypto/registry.ts'

/** The spec's KeyManager (security-encryption-api, "Key Management"): key pairs. */
export class KeyManager {
  readonly #random: RandomSource
  readonly #providers: Providers

  constructor(parts: { readonly random?: RandomSource; readonly providers?: Providers } = {}) {
    this.#random = parts.random ?? platformRandom
    this.#providers = parts.providers ?? platformProviders()
  }

  /**
   * Makes a key pair as PEM: PKCS#8 (ML-* keys as their seed) and SubjectPublicKeyInfo. It never blocks the event loop.
   * Whoever asked fills the private key with zeros when done.
   * @throws KeyManagementError `invalid_input` for an unknown algorithm
   */
  generateKeyPair(algorithm: KeyPairAlgorithm = 'RSA-2048'): Promise<KeyPairPem> {
    return generateKeyPair(algorithm, this.#random, this.#providers)
  }
}
