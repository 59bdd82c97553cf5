import * as crypto from 'node:crypto'
import type { KemAlgorithm, MlDsaAlgorithm } from './algorithms.ts'
import { pkcs8Of, type RawKind, rawEncodings, spkiOf } from './key-encoding.ts'
import { nobleMlDsa } from './post-quantum-noble.ts'
import type { KemProvider, MlDsaProvider } from './providers.ts'

/** ML-KEM of node:crypto (OpenSSL 3.5); Electron and Bun have no `encapsulate`. */
export const nodeKem = (algorithm: KemAlgorithm): KemProvider => ({
  name: 'node',
  privateKey(seed) {
    let key: crypto.KeyObject | null = importSeed(algorithm, seed)
    return {
      publicKey: rawPublicKey(algorithm, key),
      decapsulate(ciphertext) {
        if (key === null) throw new TypeError('the key was destroyed')
        return ownBytes(crypto.decapsulate(key, ciphertext))
      },
      zeroise: () => void (key = null),
    }
  },
  publicKey(bytes) {
    try {
      const key = importRaw(algorithm, bytes)
      return {
        encapsulate() {
          const { ciphertext, sharedKey } = crypto.encapsulate(key)
          return { ciphertext: Buffer.from(ciphertext), sharedSecret: ownBytes(sharedKey) }
        },
      }
    } catch {
      return null
    }
  },
})

/**
 * ML-DSA of node:crypto. It signs hedged only, and on BoringSSL without a context; what it does not offer the
 * JavaScript package does from the same seed.
 */
export const nodeMlDsa = (algorithm: MlDsaAlgorithm, takesContext: boolean): MlDsaProvider => {
  const noble = nobleMlDsa(algorithm)
  return {
    name: 'node',
    privateKey(seed) {
      let key: crypto.KeyObject | null = importSeed(algorithm, seed)
      const ownSeed = Buffer.allocUnsafeSlow(seed.byteLength)
      ownSeed.set(seed)
      return {
        publicKey: rawPublicKey(algorithm, key),
        sign(message, context, deterministic) {
          if (key === null) throw new TypeError('the key was destroyed')
          if (deterministic || (context.byteLength > 0 && !takesContext)) {
            const fallback = noble.privateKey(ownSeed)
            try {
              return fallback.sign(message, context, deterministic)
            } finally {
              fallback.zeroise()
            }
          }
          return context.byteLength === 0
            ? crypto.sign(null, message, key)
            : crypto.sign(null, message, { key, context })
        },
        zeroise() {
          key = null
          ownSeed.fill(0)
        },
      }
    },
    publicKey(bytes) {
      const key = importRaw(algorithm, bytes)
      const fallback = noble.publicKey(bytes)
      return {
        verify(message, signature, context) {
          if (context.byteLength === 0) return crypto.verify(null, message, key, signature)
          return takesContext
            ? crypto.verify(null, message, { key, context }, signature)
            : fallback.verify(message, signature, context)
        },
      }
    },
  }
}

/** True if this process's node:crypto takes seeds, encapsulates and decapsulates. */
export function nodeHasKem(algorithm: KemAlgorithm): boolean {
  try {
    const key = nodeKem(algorithm).privateKey(probeSeed(algorithm))
    const made = nodeKem(algorithm).publicKey(key.publicKey)?.encapsulate()
    return made !== undefined && key.decapsulate(made.ciphertext).equals(made.sharedSecret)
  } catch {
    return false
  }
}

/** What this process's node:crypto can do of ML-DSA. A library that ignored the context would be taken for one without. */
export function nodeMlDsaSupport(algorithm: MlDsaAlgorithm): 'none' | 'plain' | 'with context' {
  const message = Buffer.from('probe')
  try {
    const key = importSeed(algorithm, probeSeed(algorithm))
    const publicKey = crypto.createPublicKey(key)
    if (!crypto.verify(null, message, publicKey, crypto.sign(null, message, key))) return 'none'
    try {
      const signature = crypto.sign(null, message, { key, context: message })
      const bound =
        crypto.verify(null, message, { key: publicKey, context: message }, signature) &&
        !crypto.verify(null, message, publicKey, signature)
      return bound ? 'with context' : 'plain'
    } catch {
      return 'plain'
    }
  } catch {
    return 'none'
  }
}

const probeSeed = (kind: RawKind): Buffer => Buffer.alloc(rawEncodings[kind].privateBytes, 1)

function importSeed(kind: RawKind, seed: Uint8Array): crypto.KeyObject {
  const der = pkcs8Of(kind, seed)
  try {
    return crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

const importRaw = (kind: RawKind, raw: Uint8Array): crypto.KeyObject =>
  crypto.createPublicKey({ key: spkiOf(kind, raw), format: 'der', type: 'spki' })

const rawPublicKey = (kind: RawKind, key: crypto.KeyObject): Buffer =>
  crypto
    .createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(rawEncodings[kind].spkiPrefix.length)

/** Moves a secret out of memory it may share. */
function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  own.set(bytes)
  bytes.fill(0)
  return own
}
