import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { type AeadAlgorithm, aeadAlgorithms } from '#core/crypto/algorithms.ts'
import { AdvancedEncryptionManager } from '#core/crypto/encryption-manager.ts'
import { platformProviders } from '#core/crypto/registry.ts'
import { type CryptoCase, eachTime, sizes, sizeText, steadyRounds } from './crypto-case.ts'

/** As long as a short header. */
const associated = randomBytes(32)
const tagLength = { authTagLength: 16 } as const
const nodeNames = { 'AES-256-GCM': 'aes-256-gcm', 'ChaCha20-Poly1305': 'chacha20-poly1305' } as const
const nobleCiphers = { 'AES-256-GCM': gcm, 'ChaCha20-Poly1305': chacha20poly1305 } as const

/**
 * `encryptWithAead` and `decryptWithAead`, against the same call of their provider with a key that is ready. For short
 * messages of ChaCha20-Poly1305 `openssl speed` 3.0 shows several times what C reaches with a new nonce for each.
 */
export const aeadCases = (): CryptoCase[] =>
  aeadAlgorithms.flatMap((algorithm) => sizes.flatMap((size) => casesOf(algorithm, size)))

function casesOf(algorithm: AeadAlgorithm, size: number): CryptoCase[] {
  const manager = new AdvancedEncryptionManager({ encryption_algorithm: algorithm })
  const key = manager.generateSessionKey(['chaser-001', 'target-station'])
  const text = randomBytes(size)
  const [ciphertext, iv, tag] = manager.encryptWithAead(text, key, associated)
  const raw = key.use((bytes) => Buffer.from(bytes))
  const { name } = platformProviders().aead[algorithm]
  const bare = name === 'node' ? nodeCalls(algorithm, createSecretKey(raw)) : nobleCalls(algorithm, raw)
  const common = {
    part: `crypto ${algorithm}`,
    against: name === 'node' ? 'node:crypto with a KeyObject and one IV' : '@noble/ciphers with one IV',
    rounds: steadyRounds,
  }
  const speed = (...more: string[]) => ({
    arguments: ['-bytes', String(size), ...more, '-aead', '-evp', nodeNames[algorithm]],
    line: 'R',
  })
  return [
    {
      ...common,
      what: `encrypt ${sizeText(size)}`,
      ours: eachTime(() => manager.encryptWithAead(text, key, associated)),
      bare: eachTime(() => bare.seal(iv, text)),
      speed: speed(),
    },
    {
      ...common,
      what: `decrypt ${sizeText(size)}`,
      ours: eachTime(() => manager.decryptWithAead(ciphertext, key, iv, tag, associated)),
      bare: eachTime(() => bare.open(iv, ciphertext, tag)),
      speed: speed('-decrypt'),
    },
  ]
}

interface BareCalls {
  readonly seal: (iv: Buffer, text: Buffer) => unknown
  readonly open: (iv: Buffer, ciphertext: Buffer, tag: Buffer) => unknown
}

function nodeCalls(algorithm: AeadAlgorithm, key: KeyObject): BareCalls {
  // The types of node:crypto have one signature for each cipher.
  const name = nodeNames[algorithm] as 'chacha20-poly1305'
  return {
    seal(iv, text) {
      const cipher = createCipheriv(name, key, iv, tagLength)
      cipher.setAAD(associated, { plaintextLength: text.byteLength })
      const ciphertext = cipher.update(text)
      cipher.final()
      return [ciphertext, iv, cipher.getAuthTag()]
    },
    open(iv, ciphertext, tag) {
      const decipher = createDecipheriv(name, key, iv, tagLength)
      decipher.setAAD(associated, { plaintextLength: ciphertext.byteLength })
      decipher.setAuthTag(tag)
      const text = decipher.update(ciphertext)
      decipher.final()
      return text
    },
  }
}

function nobleCalls(algorithm: AeadAlgorithm, key: Buffer): BareCalls {
  const cipher = nobleCiphers[algorithm]
  return {
    seal: (iv, text) => cipher(key, iv, associated).encrypt(text),
    open: (iv, ciphertext, tag) => cipher(key, iv, associated).decrypt(Buffer.concat([ciphertext, tag])),
  }
}
