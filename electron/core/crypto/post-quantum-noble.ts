import { ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { ml_kem1024, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { KemAlgorithm, MlDsaAlgorithm } from './algorithms.ts'
import type { KemProvider, MlDsaProvider } from './providers.ts'

const kems = { 'ML-KEM-768': ml_kem768, 'ML-KEM-1024': ml_kem1024 } as const
const signers = { 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 } as const

const own = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** ML-KEM in JavaScript, for platforms whose library has none (BoringSSL behind Electron and Bun). */
export const nobleKem = (algorithm: KemAlgorithm): KemProvider => ({
  name: 'noble',
  privateKey(seed) {
    const { publicKey, secretKey } = kems[algorithm].keygen(seed)
    return {
      publicKey: own(publicKey),
      decapsulate: (ciphertext) => own(kems[algorithm].decapsulate(ciphertext, secretKey)),
      zeroise: () => void secretKey.fill(0),
    }
  },
  publicKey(bytes) {
    try {
      const prepared = kems[algorithm].prepare(bytes)
      return {
        encapsulate() {
          const { cipherText, sharedSecret } = prepared.encapsulate()
          return { ciphertext: own(cipherText), sharedSecret: own(sharedSecret) }
        },
      }
    } catch {
      return null
    }
  },
})

/** ML-KEM.Encaps_internal (FIPS 203, algorithm 17) with the 32 random bytes `message` given: for known answers only. */
export function encapsulateWithMessage(
  algorithm: KemAlgorithm,
  publicKey: Uint8Array,
  message: Uint8Array,
): { readonly ciphertext: Buffer; readonly sharedSecret: Buffer } | null {
  try {
    const { cipherText, sharedSecret } = kems[algorithm].encapsulate(publicKey, message)
    return { ciphertext: own(cipherText), sharedSecret: own(sharedSecret) }
  } catch {
    return null
  }
}

/** The expanded decapsulation key of a seed (FIPS 203, algorithm 16), which other libraries store beside it. */
export const expandedKemKey = (algorithm: KemAlgorithm, seed: Uint8Array): Buffer =>
  own(kems[algorithm].keygen(seed).secretKey)

/** The expanded private key of a seed (FIPS 204, algorithm 6). */
export const expandedMlDsaKey = (algorithm: MlDsaAlgorithm, seed: Uint8Array): Buffer =>
  own(signers[algorithm].keygen(seed).secretKey)

/** ML-DSA in JavaScript; also where a signature has to be the deterministic one, which node:crypto does not offer. */
export const nobleMlDsa = (algorithm: MlDsaAlgorithm): MlDsaProvider => ({
  name: 'noble',
  privateKey(seed) {
    const { publicKey, secretKey } = signers[algorithm].keygen(seed)
    return {
      publicKey: own(publicKey),
      sign: (message, context, deterministic) =>
        own(
          signers[algorithm].sign(message, secretKey, {
            context,
            ...(deterministic ? { extraEntropy: false as const } : {}),
          }),
        ),
      zeroise: () => void secretKey.fill(0),
    }
  },
  publicKey: (bytes) => ({
    verify(message, signature, context) {
      try {
        return signers[algorithm].verify(signature, message, bytes, { context })
      } catch {
        return false
      }
    },
  }),
})
