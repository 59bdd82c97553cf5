import { z } from 'zod'
import type { HashName, SignatureAlgorithm } from '#core/crypto/algorithms.ts'
import { checkSignature, type EcdsaForm } from '#core/crypto/message-signature.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectVerified } from '../case.ts'
import { engineCurve } from '../curve.ts'
import { engineHash } from '../hash-name.ts'

const Signed = Test.extend({ msg: Hex, sig: Hex })

const EcdsaGroup = z.object({
  publicKey: z.object({ curve: z.string() }),
  publicKeyDer: Hex,
  sha: z.string(),
  tests: z.array(Signed),
})

const ecdsaNames: Readonly<Record<HashName, SignatureAlgorithm>> = {
  'SHA-256': 'ECDSA-SHA256',
  'SHA-384': 'ECDSA-SHA384',
  'SHA-512': 'ECDSA-SHA512',
}

const ecdsa = (form: EcdsaForm): Adapter =>
  adapter(EcdsaGroup, ({ publicKey: { curve }, publicKeyDer, sha }) => {
    const hash = engineHash(sha)
    if (hash === null) return `the engine has no ECDSA with ${sha}`
    if (engineCurve(curve) === null) return `the engine has no curve ${curve}`
    return {
      run: ({ msg, sig }) =>
        expectVerified(checkSignature(ecdsaNames[hash], msg, sig, publicKeyDer, { form }), 'the signature'),
    }
  })

/** ecdsa_verify_schema. */
export const ecdsaDer = ecdsa('der')
/** ecdsa_p1363_verify_schema. */
export const ecdsaP1363 = ecdsa('raw')

const EddsaGroup = z.object({
  publicKey: z.object({ curve: z.string() }),
  publicKeyDer: Hex,
  tests: z.array(Signed),
})

/** eddsa_verify_schema. */
export const eddsa: Adapter = adapter(EddsaGroup, ({ publicKey: { curve }, publicKeyDer }) => {
  if (curve !== 'edwards25519') return `the engine has no curve ${curve}`
  return {
    run: ({ msg, sig }) => expectVerified(checkSignature('Ed25519', msg, sig, publicKeyDer), 'the signature'),
  }
})

const PssGroup = z.object({
  publicKeyDer: Hex,
  keySize: z.number().int(),
  mgf: z.string(),
  mgfSha: z.string().optional(),
  sha: z.string(),
  sLen: z.number().int(),
  tests: z.array(Signed),
})

const pssNames: Readonly<Record<HashName, SignatureAlgorithm>> = {
  'SHA-256': 'RSA-PSS-SHA256',
  'SHA-384': 'RSA-PSS-SHA384',
  'SHA-512': 'RSA-PSS-SHA512',
}

/** rsassa_pss_verify_schema. */
export const rsaPss: Adapter = adapter(PssGroup, ({ publicKeyDer, keySize, mgf, mgfSha, sha, sLen }) => {
  const hash = engineHash(sha)
  if (hash === null) return `the engine has no RSA-PSS with ${sha}`
  if (mgf !== 'MGF1' || engineHash(mgfSha ?? sha) !== hash)
    return `the engine has no RSA-PSS with ${sha} and ${mgf} of ${mgfSha ?? 'another function'}`
  return {
    excuse: () => refusedRsaSize(keySize),
    run: ({ msg, sig }) =>
      expectVerified(
        checkSignature(pssNames[hash], msg, sig, publicKeyDer, { saltLength: sLen }),
        'the signature',
      ),
  }
})

/** Why an RSA key is refused for its size, or null. */
export const refusedRsaSize = (keySize: number): string | null =>
  keySize < 2048 ? `the engine refuses RSA keys of ${keySize} bits: 2048 and more` : null
