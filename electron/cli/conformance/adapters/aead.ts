import { z } from 'zod'
import type { AeadAlgorithm } from '#core/crypto/algorithms.ts'
import { sealAead } from '#core/crypto/authenticated-encryption.ts'
import { AdvancedEncryptionManager } from '#core/crypto/encryption-manager.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes } from '../case.ts'

const Group = z.object({
  ivSize: z.number(),
  keySize: z.number(),
  tagSize: z.number(),
  tests: z.array(Test.extend({ key: Hex, iv: Hex, aad: Hex, msg: Hex, ct: Hex, tag: Hex })),
})

const engineNames = new Map<string, AeadAlgorithm>([
  ['AES-GCM', 'AES-256-GCM'],
  ['CHACHA20-POLY1305', 'ChaCha20-Poly1305'],
])

/** aead_test_schema: opens; where the case is valid, seals too. */
export const aead = (providers: Providers): Adapter =>
  adapter(Group, ({ keySize, ivSize, tagSize }, algorithm) => {
    const name = engineNames.get(algorithm.toUpperCase())
    if (name === undefined) return `the engine has no ${algorithm}`
    const manager = new AdvancedEncryptionManager({ encryption_algorithm: name }, { providers })
    return {
      excuse: () => refusedSize(keySize, ivSize, tagSize),
      run({ key, iv, aad, msg, ct, tag, result }) {
        expectBytes('the plaintext', manager.decryptWithAead(ct, key, iv, tag, aad), msg)
        if (result === 'invalid') return
        const sealed = sealAead(SecretKey.copy(key, name), iv, aad, msg, providers)
        expectBytes('the ciphertext', sealed.ciphertext, ct)
        expectBytes('the tag', sealed.tag, tag)
      },
    }
  })

function refusedSize(keySize: number, ivSize: number, tagSize: number): string | null {
  if (keySize !== 256) return `the engine refuses keys of ${keySize} bits: 256 only`
  if (ivSize !== 96) return `the engine refuses IVs of ${ivSize} bits: 96 only`
  return tagSize === 128 ? null : `the engine refuses tags of ${tagSize} bits: 128 only`
}
