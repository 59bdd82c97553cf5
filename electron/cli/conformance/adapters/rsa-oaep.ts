import { z } from 'zod'
import { decryptOaep } from '#core/crypto/rsa-oaep.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes } from '../case.ts'
import { engineHash } from '../hash-name.ts'
import { refusedRsaSize } from './signature.ts'

const Group = z.object({
  keySize: z.number().int(),
  mgf: z.string(),
  mgfSha: z.string().optional(),
  sha: z.string(),
  privateKey: z.object({ otherPrimeInfos: z.array(z.unknown()).optional() }).optional(),
  // privateKeyPem of older files holds PKCS#1 under the label of PKCS#8.
  privateKeyPkcs8: Hex,
  tests: z.array(Test.extend({ msg: Hex, ct: Hex, label: Hex })),
})

/** rsaes_oaep_decrypt_schema. */
export const rsaOaep: Adapter = adapter(
  Group,
  ({ keySize, mgf, mgfSha, sha, privateKey, privateKeyPkcs8 }) => {
    const hash = engineHash(sha)
    if (hash === null) return `the engine has no RSA-OAEP with ${sha}`
    if (mgf !== 'MGF1' || engineHash(mgfSha ?? sha) !== hash)
      return `the engine has no RSA-OAEP with ${sha} and ${mgf} of ${mgfSha ?? 'another function'}`
    const excuse =
      (privateKey?.otherPrimeInfos?.length ?? 0) > 0
        ? 'the engine refuses RSA keys of more than two primes'
        : refusedRsaSize(keySize)
    return {
      excuse: () => excuse,
      run: ({ msg, ct, label }) =>
        expectBytes('the plaintext', decryptOaep(privateKeyPkcs8, ct, { hash, label }), msg),
    }
  },
)
