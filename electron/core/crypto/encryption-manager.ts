import { EncryptionError } from '../errors.ts'
import { type AeadAlgorithm, aeadAlgorithms, type HashName } from './algorithms.ts'
import type { Argon2Cost } from './argon2.ts'
import { openAead, sealAead } from './authenticated-encryption.ts'
import { badInput, requireBytes, requireInteger, requireName, requireObject, requireText } from './input.ts'
import { IvSource } from './iv-source.ts'
import { deriveArgon2id, derivePbkdf2, hkdf, leastPbkdf2Iterations, mostPbkdf2Iterations } from './kdf.ts'
import type { Providers } from './providers.ts'
import { platformRandom, type RandomSource } from './random.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

/** Configuration keys of the spec that concern encryption. */
export interface EncryptionConfiguration {
  /** Of new keys and of raw keys; a `SecretKey` says itself what it is for. */
  readonly encryption_algorithm?: AeadAlgorithm
  /** Bits of long-term keys. */
  readonly master_key_length?: 256 | 512
  /** Iterations of PBKDF2, 100,000 or more. */
  readonly key_derivation_iterations?: number
}

export interface EncryptionParts {
  readonly random?: RandomSource
  readonly providers?: Providers
}

export const sessionKeyTypes = ['symmetric', 'ephemeral', 'long_term'] as const
export type SessionKeyType = (typeof sessionKeyTypes)[number]

/** Bytes of an AEAD key of either algorithm. */
const aeadKeyBytes = 32
const noData = new Uint8Array(0)

/**
 * The spec's AdvancedEncryptionManager (security-encryption-api, "Encryption Manager"). It hands out `SecretKey`s
 * where the spec hands out bytes, so that a key knows what it is for and can be destroyed.
 */
export class AdvancedEncryptionManager {
  readonly algorithm: AeadAlgorithm
  readonly #masterKeyBytes: number
  readonly #iterations: number
  readonly #random: RandomSource
  readonly #providers: Providers
  readonly #ivs: IvSource

  /** @throws EncryptionError `invalid_input` naming the configuration key */
  constructor(configuration: EncryptionConfiguration = {}, parts: EncryptionParts = {}) {
    requireObject(EncryptionError, 'configuration', configuration)
    const {
      encryption_algorithm: algorithm = 'AES-256-GCM',
      master_key_length: masterKeyLength = 256,
      key_derivation_iterations: iterations = leastPbkdf2Iterations,
    } = configuration
    requireName(EncryptionError, 'encryption_algorithm', algorithm, aeadAlgorithms)
    const length: unknown = masterKeyLength
    if (length !== 256 && length !== 512) {
      throw badInput(EncryptionError, 'master_key_length', '256 or 512 (bits)', length)
    }
    requireInteger(
      EncryptionError,
      'key_derivation_iterations',
      iterations,
      leastPbkdf2Iterations,
      mostPbkdf2Iterations,
    )
    this.algorithm = algorithm
    this.#masterKeyBytes = masterKeyLength / 8
    this.#iterations = iterations
    this.#random = parts.random ?? platformRandom
    this.#providers = parts.providers ?? platformProviders()
    this.#ivs = new IvSource(this.#random)
  }

  /**
   * A new random key for two agents. `symmetric` and `ephemeral`: 32 bytes of the configured algorithm. `long_term`:
   * a master key of `master_key_length` bits that encrypts nothing itself; session keys are derived from it with
   * `deriveKeyFromSharedSecret`.
   * @throws EncryptionError `invalid_input` naming the parameter
   */
  generateSessionKey(agentPair: readonly [string, string], keyType: SessionKeyType = 'symmetric'): SecretKey {
    requirePair(agentPair)
    requireName(EncryptionError, 'keyType', keyType, sessionKeyTypes)
    return keyType === 'long_term'
      ? SecretKey.generate('HKDF', this.#masterKeyBytes, this.#random)
      : SecretKey.generate(this.algorithm, aeadKeyBytes, this.#random)
  }

  /**
   * HKDF (RFC 5869) from the secret of a key agreement: a key of the configured algorithm where `length` is 32 (the
   * default), else a key to derive others from. The salt should be 32 random bytes; `info` is at most 1024 bytes as
   * UTF-8.
   * @throws EncryptionError `invalid_input` naming the parameter
   */
  deriveKeyFromSharedSecret(
    sharedSecret: SecretKey | Uint8Array,
    salt: Uint8Array,
    info: string,
    options: { readonly hash?: HashName; readonly length?: number } = {},
  ): SecretKey {
    if (!(sharedSecret instanceof SecretKey)) {
      requireBytes(EncryptionError, 'sharedSecret', sharedSecret, { min: 16 })
    }
    requireText(EncryptionError, 'info', info, 1024)
    requireObject(EncryptionError, 'options', options)
    const { hash = 'SHA-256', length = aeadKeyBytes } = options
    const bytes = hkdf(hash, sharedSecret, salt, Buffer.from(info, 'utf8'), length)
    return SecretKey.take(bytes, length === aeadKeyBytes ? this.algorithm : 'HKDF')
  }

  /**
   * Encrypts under a fresh random IV of 12 bytes and answers [ciphertext, IV, tag of 16 bytes]. One key seals at most
   * 2^32 messages this way (NIST SP 800-38D section 8.3); a `SecretKey` counts them. A raw key is 32 bytes and used
   * with the configured algorithm; a `SecretKey` says itself.
   * @throws EncryptionError `invalid_input` naming the parameter; KeyManagementError `conflict` for a used-up key
   */
  encryptWithAead(
    plaintext: Uint8Array,
    key: SecretKey | Uint8Array,
    associatedData: Uint8Array = noData,
  ): [ciphertext: Buffer, iv: Buffer, tag: Buffer] {
    const iv = this.#ivs.next()
    if (key instanceof SecretKey) {
      key.countRandomIv()
      const { ciphertext, tag } = sealAead(key, iv, associatedData, plaintext, this.#providers)
      return [ciphertext, iv, tag]
    }
    return this.#withRawKey(key, (own) => {
      const { ciphertext, tag } = sealAead(own, iv, associatedData, plaintext, this.#providers)
      return [ciphertext, iv, tag]
    })
  }

  /**
   * Decrypts what `encryptWithAead` made. No plaintext leaves unless the tag fits.
   * @throws AuthenticationError `authentication_failed`; EncryptionError `invalid_input` naming the parameter
   */
  decryptWithAead(
    ciphertext: Uint8Array,
    key: SecretKey | Uint8Array,
    iv: Uint8Array,
    tag: Uint8Array,
    associatedData: Uint8Array = noData,
  ): Buffer {
    if (key instanceof SecretKey) {
      return openAead(key, iv, associatedData, ciphertext, tag, this.#providers)
    }
    return this.#withRawKey(key, (own) => openAead(own, iv, associatedData, ciphertext, tag, this.#providers))
  }

  /**
   * PBKDF2-SHA256 with the configured iterations, off the main thread: a key of the configured algorithm. The salt is
   * 16 bytes or more, and random.
   * @throws EncryptionError `invalid_input` naming the parameter
   */
  async deriveKeyFromPassword(password: Uint8Array, salt: Uint8Array): Promise<SecretKey> {
    const iterations = this.#iterations
    const bytes = await derivePbkdf2({ hash: 'SHA-256', password, salt, iterations, length: aeadKeyBytes })
    return SecretKey.take(bytes, this.algorithm)
  }

  /**
   * Argon2id (RFC 9106), off the main thread: a key of the configured algorithm. 64 MiB and 3 passes where `cost` is
   * not given.
   * @throws EncryptionError `invalid_input` naming the parameter
   */
  async deriveKeyFromPassphrase(
    passphrase: Uint8Array,
    salt: Uint8Array,
    cost?: Argon2Cost,
  ): Promise<SecretKey> {
    const bytes = await deriveArgon2id(passphrase, salt, cost, aeadKeyBytes, this.#providers)
    return SecretKey.take(bytes, this.algorithm)
  }

  #withRawKey<T>(key: unknown, work: (key: SecretKey) => T): T {
    requireBytes(EncryptionError, 'key', key, { min: aeadKeyBytes, max: aeadKeyBytes })
    const own = SecretKey.copy(key as Uint8Array, this.algorithm)
    try {
      return work(own)
    } finally {
      own.zeroise()
    }
  }
}

function requirePair(agentPair: unknown): void {
  const names: readonly unknown[] = Array.isArray(agentPair) ? agentPair : []
  const [first, second] = names
  const named = names.every((name) => typeof name === 'string' && name.length > 0 && name.length <= 128)
  if (names.length !== 2 || !named || first === second) {
    throw badInput(EncryptionError, 'agentPair', 'a list of two different agent names', agentPair)
  }
}
