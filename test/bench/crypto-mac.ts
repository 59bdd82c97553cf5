import { createHmac, createSecretKey, hkdfSync, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { blake2b } from '@noble/hashes/blake2.js'
import { type MacAlgorithm, macAlgorithms } from '#core/crypto/algorithms.ts'
import { argon2Default } from '#core/crypto/argon2.ts'
import { AdvancedEncryptionManager } from '#core/crypto/encryption-manager.ts'
import { leastPbkdf2Iterations } from '#core/crypto/kdf.ts'
import { macKey } from '#core/crypto/mac.ts'
import { MessageAuthenticator } from '#core/crypto/message-authenticator.ts'
import { platformProviders } from '#core/crypto/registry.ts'
import {
  type CryptoCase,
  eachAwaited,
  eachTime,
  fewRounds,
  shortRounds,
  sizes,
  sizeText,
} from './crypto-case.ts'

const nodeHash = { 'HMAC-SHA256': 'sha256', 'HMAC-SHA384': 'sha384', 'HMAC-SHA512': 'sha512' } as const

/** `generateMessageMac`. */
export const macCases = (): CryptoCase[] =>
  macAlgorithms.flatMap((algorithm) => sizes.map((size) => macCase(algorithm, size)))

function macCase(algorithm: MacAlgorithm, size: number): CryptoCase {
  const authenticator = new MessageAuthenticator()
  const raw = randomBytes(32)
  const key = macKey(raw, algorithm)
  const message = randomBytes(size)
  const common = {
    part: `crypto ${algorithm}`,
    what: `MAC ${sizeText(size)}`,
    ours: eachTime(() => authenticator.generateMessageMac(message, key)),
    rounds: size < 1024 * 1024 ? shortRounds : fewRounds,
  }
  if (algorithm === 'BLAKE2b') {
    return {
      ...common,
      against: '@noble/hashes; openssl speed has it without a key',
      bare: eachTime(() => blake2b(message, { key: raw, dkLen: 64 })),
      speed: { arguments: ['-bytes', String(size), '-evp', 'blake2b512'], line: 'R' },
    }
  }
  const hash = nodeHash[algorithm]
  const keyObject = createSecretKey(raw)
  return {
    ...common,
    against: 'node:crypto with a KeyObject',
    bare: eachTime(() => createHmac(hash, keyObject).update(message).digest()),
    speed: { arguments: ['-bytes', String(size), '-hmac', hash], line: 'R' },
  }
}

const stretch = promisify(pbkdf2)

/** Key derivation: 32 bytes from 32. */
export function derivationCases(): CryptoCase[] {
  const manager = new AdvancedEncryptionManager()
  const [secret, salt, info] = [randomBytes(32), randomBytes(32), Buffer.from('session 1')]
  const secretObject = createSecretKey(secret)
  const { argon2id } = platformProviders()
  return [
    ...(['SHA-256', 'SHA-384', 'SHA-512'] as const).map((hash) => {
      const nodeName = hash.replace('-', '').toLowerCase()
      return {
        part: 'crypto derivation',
        what: `HKDF-${hash.replace('-', '')}`,
        against: 'the bare library call (node:crypto with a KeyObject, @node-rs/argon2 or @noble/hashes)',
        ours: eachTime(() => manager.deriveKeyFromSharedSecret(secret, salt, 'session 1', { hash })),
        bare: eachTime(() => hkdfSync(nodeName, secretObject, salt, info, 32)),
        rounds: shortRounds,
      }
    }),
    {
      part: 'crypto derivation',
      what: `PBKDF2-SHA256, ${leastPbkdf2Iterations / 1000}k iterations`,
      against: 'node:crypto',
      ours: eachAwaited(() => manager.deriveKeyFromPassword(secret, salt)),
      bare: eachAwaited(() => stretch(secret, salt, leastPbkdf2Iterations, 32, 'sha256')),
      rounds: fewRounds,
    },
    {
      part: 'crypto derivation',
      what: `Argon2id, ${argon2Default.memoryKiB / 1024} MiB, ${argon2Default.passes} passes`,
      against: argon2id.name === 'node-rs' ? '@node-rs/argon2' : '@noble/hashes',
      ours: eachAwaited(() => manager.deriveKeyFromPassphrase(secret, salt)),
      bare: eachAwaited(() => argon2id.derive(secret, salt, argon2Default, 32)),
      rounds: fewRounds,
    },
  ]
}
