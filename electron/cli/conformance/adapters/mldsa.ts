import { z } from 'zod'
import { type MlDsaAlgorithm, mlDsaAlgorithms } from '#core/crypto/algorithms.ts'
import { importRawPrivateKey, importRawPublicKey, readPrivateKey } from '#core/crypto/key-import.ts'
import { checkSignature, createSignature } from '#core/crypto/message-signature.ts'
import type { Providers } from '#core/crypto/providers.ts'
import { type Adapter, adapter, Hex, HexOrNothing, Test } from '../adapter.ts'
import { expectBytes, expectVerified, Refusal } from '../case.ts'

const engineSet = (name: string): MlDsaAlgorithm | null => mlDsaAlgorithms.find((set) => set === name) ?? null

const VerifyGroup = z.object({
  publicKey: Hex,
  tests: z.array(Test.extend({ msg: Hex.optional(), ctx: Hex.optional(), sig: HexOrNothing })),
})

/** Cases with `mu` alone are for the function inside ML-DSA, which the engine does not offer. */
const withoutMessage = ({ msg }: { msg?: unknown }): string | null =>
  msg === undefined ? 'the engine signs messages, not a hash (mu) of one made elsewhere' : null

/** mldsa_verify_schema. */
export const mlDsaVerification = (providers: Providers): Adapter =>
  adapter(VerifyGroup, ({ publicKey }, algorithm) => {
    const kind = engineSet(algorithm)
    if (kind === null) return `the engine has no ${algorithm}`
    return {
      excuse: withoutMessage,
      run({ msg, ctx, sig }) {
        if (msg === undefined) throw new Refusal('there is no message')
        const key = importRawPublicKey(kind, publicKey, providers)
        const options = ctx === undefined ? {} : { context: ctx }
        expectVerified(checkSignature(kind, msg, sig, key, options, providers), 'the signature')
      },
    }
  })

const SignGroup = z.object({
  privateSeed: Hex,
  privateKeyPkcs8: Hex.nullish(),
  publicKey: Hex.nullish(),
  tests: z.array(Test.extend({ msg: Hex.optional(), ctx: Hex.optional(), sig: HexOrNothing })),
})

/** mldsa_sign_seed_schema: the deterministic signature, byte for byte, and its verification. */
export const mlDsaSigning = (providers: Providers): Adapter =>
  adapter(SignGroup, ({ privateSeed, privateKeyPkcs8, publicKey }, algorithm) => {
    const kind = engineSet(algorithm)
    if (kind === null) return `the engine has no ${algorithm}`
    return {
      excuse: withoutMessage,
      run({ msg, ctx, sig }) {
        if (msg === undefined) throw new Refusal('there is no message')
        const key = importRawPrivateKey(kind, privateSeed, providers)
        const context = ctx === undefined ? {} : { context: ctx }
        const made = createSignature(kind, msg, key, { ...context, deterministic: true }, providers)
        expectBytes('the signature', made, sig)
        expectVerified(checkSignature(kind, msg, sig, key.publicKey, context, providers), 'the signature')
        if (publicKey) expectBytes('the public key', key.publicKey.raw ?? Buffer.alloc(0), publicKey)
        if (privateKeyPkcs8 === undefined || privateKeyPkcs8 === null) return
        expectBytes('the PKCS#8', key.exportPkcs8(), privateKeyPkcs8)
        readPrivateKey(privateKeyPkcs8, providers)
      },
    }
  })
