import { z } from 'zod'
import { agreeX25519 } from '#core/crypto/agreement.ts'
import { readPrivateJwk, readPublicJwk } from '#core/crypto/jwk.ts'
import { importRawPrivateKey, importRawPublicKey } from '#core/crypto/key-import.ts'
import { type Adapter, adapter, type GroupRun, Hex, Test } from '../adapter.ts'
import { expectBytes } from '../case.ts'

const group = <Key extends z.ZodType>(key: Key) =>
  z.object({
    curve: z.string().default('curve25519'),
    tests: z.array(Test.extend({ shared: Hex, public: key, private: key })),
  })

/** How the cases of a group are run: `keys` reads the two keys of a case. */
function x25519<Case extends { readonly shared: Uint8Array }>(
  curve: string,
  keys: (test: Case) => Parameters<typeof agreeX25519>,
): GroupRun<Case> | string {
  if (!curve.endsWith('25519')) return `the engine has no curve ${curve}`
  return {
    run: (test) =>
      agreeX25519(...keys(test)).use((bytes) => expectBytes('the shared secret', bytes, test.shared)),
  }
}

/** xdh_comp_schema: raw keys. */
export const xdhRaw: Adapter = adapter(group(Hex), ({ curve }) =>
  x25519(curve, (test) => [
    importRawPrivateKey('X25519', test.private),
    importRawPublicKey('X25519', test.public),
  ]),
)

/** xdh_asn_comp_schema: PKCS#8 and SubjectPublicKeyInfo. */
export const xdhAsn: Adapter = adapter(group(Hex), ({ curve }) =>
  x25519(curve, (test) => [test.private, test.public]),
)

/** xdh_pem_comp_schema. */
export const xdhPem: Adapter = adapter(group(z.string()), ({ curve }) =>
  x25519(curve, (test) => [test.private, test.public]),
)

/** xdh_jwk_comp_schema. */
export const xdhJwk: Adapter = adapter(group(z.looseObject({})), ({ curve }) =>
  x25519(curve, (test) => [readPrivateJwk(test.private), readPublicJwk(test.public)]),
)
