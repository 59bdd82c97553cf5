import { z } from 'zod'
import { type KemAlgorithm, kemAlgorithms } from '#core/crypto/algorithms.ts'
import { decapsulate, encapsulate } from '#core/crypto/kem.ts'
import {
  importRawPrivateKey,
  importRawPublicKey,
  readPrivateKey,
  readPublicKey,
} from '#core/crypto/key-import.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { type Adapter, adapter, Hex, HexOrNothing, Test } from '../adapter.ts'
import { expectBytes, Refusal } from '../case.ts'
import { seedWithExpandedKey } from '../seed-pkcs8.ts'

const group = <Case extends z.ZodType>(test: Case) =>
  z.object({ parameterSet: z.string(), tests: z.array(test) })

const engineSet = (name: string): KemAlgorithm | null => kemAlgorithms.find((set) => set === name) ?? null
const noSet = (name: string): string => `the engine has no ${name}`

/**
 * mlkem_keygen_seed_test_schema. The engine hands out no expanded key; it reads one beside its seed and refuses it
 * where the two do not belong together, so that is how `dk` is checked.
 */
export const mlKemKeys = (providers: Providers): Adapter =>
  adapter(
    group(Test.extend({ seed: Hex, ek: Hex, dk: Hex, ekDer: Hex.optional(), dkPkcs8: Hex.optional() })),
    ({ parameterSet }) => {
      const kind = engineSet(parameterSet)
      if (kind === null) return noSet(parameterSet)
      return {
        run({ seed, ek, dk, ekDer, dkPkcs8 }) {
          const key = importRawPrivateKey(kind, seed, providers)
          expectBytes('the encapsulation key', key.publicKey.raw ?? Buffer.alloc(0), ek)
          readPrivateKey(seedWithExpandedKey(kind, seed, dk), providers)
          if (ekDer !== undefined) {
            expectBytes('the SubjectPublicKeyInfo', key.publicKey.spki, ekDer)
            readPublicKey(ekDer, providers)
          }
          if (dkPkcs8 === undefined) return
          expectBytes('the PKCS#8', key.exportPkcs8(), dkPkcs8)
          readPrivateKey(dkPkcs8, providers)
        },
      }
    },
  )

/** FIPS 203, algorithm 20. Some public cases with an invalid key have 64 bytes. */
const messageBytes = 32

/** mlkem_encaps_test_schema, mlkem_encaps_seed_test_schema. */
export const mlKemEncapsulation = (providers: Providers): Adapter =>
  adapter(group(Test.extend({ ek: Hex, m: Hex, c: HexOrNothing, K: HexOrNothing })), ({ parameterSet }) => {
    const kind = engineSet(parameterSet)
    if (kind === null) return noSet(parameterSet)
    return {
      run({ ek, m, c, K }) {
        const key = importRawPublicKey(kind, ek, providers)
        if (m.length !== messageBytes) {
          // Whether the key is refused is the question then, not whether the message is.
          encapsulate(key, {}, providers)
          return
        }
        const { ciphertext, sharedSecret } = encapsulate(key, { message: m }, providers)
        expectBytes('the ciphertext', ciphertext, c)
        sharedSecret.use((bytes) => expectBytes('the shared secret', bytes, K))
      },
    }
  })

/** mlkem_test_schema (also holds encapsulations), mlkem_decaps_seed_test_schema. */
export const mlKemDecapsulation = (providers: Providers): Adapter => {
  const encapsulation = mlKemEncapsulation(providers)
  const decapsulation = adapter(
    group(Test.extend({ seed: Hex, ek: Hex.optional(), c: HexOrNothing, K: HexOrNothing })),
    ({ parameterSet }) => {
      const kind = engineSet(parameterSet)
      if (kind === null) return noSet(parameterSet)
      return {
        run({ seed, ek, c, K }) {
          const key = importRawPrivateKey(kind, seed, providers)
          const { raw } = key.publicKey
          if (raw === null) throw new Refusal('the key has no raw form')
          const shared = decapsulate(key, c, providers)
          if (ek !== undefined) expectBytes('the encapsulation key', raw, ek)
          shared.use((bytes) => expectBytes('the shared secret', bytes, K))
        },
      }
    },
  )
  return {
    schema: decapsulation.schema,
    plan: (unread, algorithm) =>
      isEncapsulation(unread) ? encapsulation.plan(unread, algorithm) : decapsulation.plan(unread, algorithm),
  }
}

const isEncapsulation = (group: unknown): boolean =>
  z.object({ type: z.literal('MLKEMEncapsTest') }).safeParse(group).success
