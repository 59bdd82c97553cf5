import type { AeadAlgorithm, KemAlgorithm, MlDsaAlgorithm } from './algorithms.ts'
import type { Argon2Cost } from './argon2.ts'
import type { SecretKey } from './secret-key.ts'

/** Who does the work: the platform's library, the audited packages in JavaScript, or the native Argon2 package. */
export type ProviderName = 'node' | 'noble' | 'node-rs'

/** Ciphertext and tag, before anybody has looked at the inputs' lengths: `authenticated-encryption.ts` does. */
export interface AeadProvider {
  readonly name: ProviderName
  seal(
    key: SecretKey,
    iv: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
  ): { readonly ciphertext: Buffer; readonly tag: Buffer }
  /** Null where the tag does not fit; no plaintext leaves then. */
  open(
    key: SecretKey,
    iv: Uint8Array,
    associatedData: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
  ): Buffer | null
}

/** A private ML-KEM key at work (FIPS 203). */
export interface KemPrivateKey {
  readonly publicKey: Buffer
  /** 32 bytes in a buffer of their own. The ciphertext's length has been checked. */
  decapsulate(ciphertext: Uint8Array): Buffer
  zeroise(): void
}

/** A public ML-KEM key at work. */
export interface KemPublicKey {
  encapsulate(): { readonly ciphertext: Buffer; readonly sharedSecret: Buffer }
}

export interface KemProvider {
  readonly name: ProviderName
  /** From the seed d || z, 64 bytes. */
  privateKey(seed: Uint8Array): KemPrivateKey
  /** Null where the bytes are no encapsulation key: FIPS 203 section 7.2, "modulus check". */
  publicKey(bytes: Uint8Array): KemPublicKey | null
}

/** A private ML-DSA key at work (FIPS 204). */
export interface MlDsaPrivateKey {
  readonly publicKey: Buffer
  sign(message: Uint8Array, context: Uint8Array, deterministic: boolean): Buffer
  zeroise(): void
}

export interface MlDsaPublicKey {
  verify(message: Uint8Array, signature: Uint8Array, context: Uint8Array): boolean
}

export interface MlDsaProvider {
  readonly name: ProviderName
  /** From the seed xi, 32 bytes. */
  privateKey(seed: Uint8Array): MlDsaPrivateKey
  publicKey(bytes: Uint8Array): MlDsaPublicKey
}

export interface Argon2Provider {
  readonly name: ProviderName
  derive(secret: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Promise<Buffer>
  deriveNow(secret: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Buffer
}

/** One provider for each algorithm that has more than one; everything else is node:crypto's on every platform. */
export interface Providers {
  readonly aead: Readonly<Record<AeadAlgorithm, AeadProvider>>
  readonly kem: Readonly<Record<KemAlgorithm, KemProvider>>
  readonly mlDsa: Readonly<Record<MlDsaAlgorithm, MlDsaProvider>>
  readonly argon2id: Argon2Provider
}
