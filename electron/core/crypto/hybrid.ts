import { EncryptionError } from '../errors.ts'
import { agreeX25519 } from './agreement.ts'
import type { PrivateKey } from './asymmetric-key.ts'
import { requireBytes } from './input.ts'
import { hkdf } from './kdf.ts'
import { decapsulate, encapsulate, kemCiphertextBytes } from './kem.ts'
import { rawEncodings } from './key-encoding.ts'
import { importRawPrivateKey, importRawPublicKey } from './key-import.ts'
import type { Providers } from './providers.ts'
import { platformRandom, type RandomSource } from './random.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

const kemPublicBytes = rawEncodings['ML-KEM-768'].publicBytes
const kemSeedBytes = rawEncodings['ML-KEM-768'].privateBytes
const curveBytes = rawEncodings.X25519.publicBytes

/** ML-KEM-768 key (1184 bytes), then X25519 key (32). */
export const hybridPublicBytes = kemPublicBytes + curveBytes
/** ML-KEM-768 ciphertext (1088 bytes), then the ephemeral X25519 key (32). */
export const hybridCiphertextBytes = kemCiphertextBytes['ML-KEM-768'] + curveBytes
/** ML-KEM-768 seed (64 bytes), then X25519 scalar (32). */
export const hybridSeedBytes = kemSeedBytes + curveBytes
/** Bytes of the shared secret. */
export const hybridSecretBytes = 48

/** `info` of the derivation. */
export const hybridLabel = 'groundlock/1 X25519MLKEM768'

export interface HybridEncapsulated {
  readonly ciphertext: Buffer
  readonly sharedSecret: SecretKey
}

/**
 * One side of a hybrid key agreement, X25519 and ML-KEM-768: safe while either of the two is. Order everywhere:
 * ML-KEM first, as in draft-ietf-tls-ecdhe-mlkem. The shared secret is
 * HKDF-SHA384(IKM = ML-KEM secret || X25519 secret, salt = ciphertext || public key, info = `hybridLabel`), 48 bytes:
 * it is bound to what was exchanged, so neither half can be replaced alone.
 */
export class HybridKeyPair {
  /** 1216 bytes. */
  readonly publicKey: Buffer
  readonly #kem: PrivateKey
  readonly #curve: PrivateKey
  readonly #providers: Providers

  private constructor(seed: Uint8Array, providers: Providers) {
    this.#kem = importRawPrivateKey('ML-KEM-768', seed.subarray(0, kemSeedBytes), providers)
    this.#curve = importRawPrivateKey('X25519', seed.subarray(kemSeedBytes), providers)
    this.#providers = providers
    this.publicKey = Buffer.concat([
      this.#kem.publicKey.raw ?? Buffer.alloc(0),
      this.#curve.publicKey.raw ?? Buffer.alloc(0),
    ])
  }

  static generate(
    random: RandomSource = platformRandom,
    providers: Providers = platformProviders(),
  ): HybridKeyPair {
    return HybridKeyPair.take(random.bytes(hybridSeedBytes), providers)
  }

  /** From its 96 bytes, which are filled with zeros. @throws EncryptionError `invalid_input` */
  static take(seed: Buffer, providers: Providers = platformProviders()): HybridKeyPair {
    requireBytes(EncryptionError, 'seed', seed, { min: hybridSeedBytes, max: hybridSeedBytes })
    try {
      return new HybridKeyPair(seed, providers)
    } finally {
      seed.fill(0)
    }
  }

  /**
   * The shared secret of a ciphertext of 1120 bytes. One that was altered gives another secret, or is refused.
   * @throws EncryptionError `invalid_input`, `encryption_failed` where the X25519 part is of small order
   */
  decapsulate(ciphertext: Uint8Array): SecretKey {
    requireBytes(EncryptionError, 'ciphertext', ciphertext, {
      min: hybridCiphertextBytes,
      max: hybridCiphertextBytes,
    })
    const kemBytes = kemCiphertextBytes['ML-KEM-768']
    const ephemeral = importRawPublicKey('X25519', ciphertext.subarray(kemBytes), this.#providers)
    const curveSecret = agreeX25519(this.#curve, ephemeral)
    const kemSecret = decapsulate(this.#kem, ciphertext.subarray(0, kemBytes), this.#providers)
    return combine(kemSecret, curveSecret, ciphertext, this.publicKey)
  }

  destroy(): void {
    this.#kem.destroy()
    this.#curve.destroy()
  }
}

/**
 * Makes a shared secret for the holder of a hybrid public key (1216 bytes), and the ciphertext to send them.
 * @throws EncryptionError `invalid_input`, `encryption_failed`; KeyManagementError `invalid_input` where the ML-KEM
 *   key does not pass the modulus check
 */
export function encapsulateHybrid(
  publicKey: Uint8Array,
  random: RandomSource = platformRandom,
  providers: Providers = platformProviders(),
): HybridEncapsulated {
  requireBytes(EncryptionError, 'publicKey', publicKey, { min: hybridPublicBytes, max: hybridPublicBytes })
  const kemKey = importRawPublicKey('ML-KEM-768', publicKey.subarray(0, kemPublicBytes), providers)
  const curveKey = importRawPublicKey('X25519', publicKey.subarray(kemPublicBytes), providers)
  const scalar = random.bytes(curveBytes)
  const ephemeral = importRawPrivateKey('X25519', scalar, providers)
  scalar.fill(0)
  try {
    const curveSecret = agreeX25519(ephemeral, curveKey)
    const kem = encapsulate(kemKey, random === platformRandom ? {} : { message: random.bytes(32) }, providers)
    const ciphertext = Buffer.concat([kem.ciphertext, ephemeral.publicKey.raw ?? Buffer.alloc(0)])
    return { ciphertext, sharedSecret: combine(kem.sharedSecret, curveSecret, ciphertext, publicKey) }
  } finally {
    ephemeral.destroy()
  }
}

/** Uses both secrets up. */
function combine(
  kemSecret: SecretKey,
  curveSecret: SecretKey,
  ciphertext: Uint8Array,
  publicKey: Uint8Array,
): SecretKey {
  const both = Buffer.allocUnsafeSlow(kemSecret.length + curveSecret.length)
  kemSecret.use((bytes) => both.set(bytes))
  curveSecret.use((bytes) => both.set(bytes, kemSecret.length))
  try {
    const salt = Buffer.concat([ciphertext, publicKey])
    const secret = hkdf('SHA-384', both, salt, Buffer.from(hybridLabel), hybridSecretBytes)
    return SecretKey.take(secret, 'HKDF')
  } finally {
    both.fill(0)
    kemSecret.zeroise()
    curveSecret.zeroise()
  }
}
