import { z } from 'zod'
import { agreeEcdh } from '#core/crypto/agreement.ts'
import type { Curve } from '#core/crypto/algorithms.ts'
import { readPrivateJwk, readPublicJwk } from '#core/crypto/jwk.ts'
import { importRawPrivateKey, importRawPublicKey, readPrivateKey } from '#core/crypto/key-import.ts'
import { type Adapter, adapter, BigInteger, Hex, Test } from '../adapter.ts'
import { expectBytes, Refusal } from '../case.ts'
import { curveBytes, engineCurve } from '../curve.ts'

const Shared = Test.extend({ shared: Hex })
const group = <Case extends z.ZodType>(test: Case) => z.object({ curve: z.string(), tests: z.array(test) })

const compressed = ({ result, flags }: { result: string; flags: readonly string[] }): string | null =>
  result === 'valid' && flags.some((flag) => flag.startsWith('Compressed'))
    ? 'the engine refuses compressed points'
    : null

const noCurve = (curve: string): string => `the engine has no curve ${curve}`

/** ecdh_ecpoint_test_schema: a raw point and a scalar. */
export const ecdhPoint: Adapter = adapter(
  group(Shared.extend({ public: Hex, private: BigInteger })),
  ({ curve: name }) => {
    const curve = engineCurve(name)
    if (curve === null) return noCurve(name)
    return {
      excuse: compressed,
      run: (test) =>
        agree(curve, scalarKey(curve, test.private), importRawPublicKey(curve, test.public), test.shared),
    }
  },
)

/** ecdh_test_schema: SubjectPublicKeyInfo and a scalar. */
export const ecdhAsn: Adapter = adapter(
  group(Shared.extend({ public: Hex, private: BigInteger })),
  ({ curve: name }) => {
    const curve = engineCurve(name)
    if (curve === null) return noCurve(name)
    return {
      excuse: compressed,
      run: (test) => agree(curve, scalarKey(curve, test.private), test.public, test.shared),
    }
  },
)

/** ecdh_pem_test_schema: both keys as PEM; the group need not name its curve. */
export const ecdhPem: Adapter = adapter(
  z.object({
    curve: z.string().optional(),
    tests: z.array(Shared.extend({ public: z.string(), private: z.string() })),
  }),
  ({ curve: name }) => {
    const curve = name === undefined ? null : engineCurve(name)
    if (name !== undefined && curve === null) return noCurve(name)
    return {
      excuse: compressed,
      run(test) {
        const privateKey = readPrivateKey(test.private)
        const own = curve ?? engineCurve(privateKey.kind)
        if (own === null) throw new Refusal('the private key is not of a curve')
        agree(own, privateKey, test.public, test.shared)
      },
    }
  },
)

/** ecdh_webcrypto_test_schema: both keys as JWK. */
export const ecdhJwk: Adapter = adapter(
  group(Shared.extend({ public: z.looseObject({}), private: z.looseObject({}) })),
  ({ curve: name }) => {
    const curve = engineCurve(name)
    if (curve === null) return noCurve(name)
    return {
      run: (test) => agree(curve, readPrivateJwk(test.private), readPublicJwk(test.public), test.shared),
    }
  },
)

function agree(
  curve: Curve,
  privateKey: Parameters<typeof agreeEcdh>[1],
  publicKey: Parameters<typeof agreeEcdh>[2],
  shared: Uint8Array,
): void {
  agreeEcdh(curve, privateKey, publicKey).use((bytes) => expectBytes('the shared secret', bytes, shared))
}

/** The file has a number, with zeros in front or without; a key has a fixed length. */
function scalarKey(curve: Curve, number: Buffer) {
  const size = curveBytes[curve]
  const significant = number.subarray(Math.max(0, number.length - size))
  if (number.subarray(0, number.length - significant.length).some((byte) => byte !== 0))
    throw new Refusal('the private key is larger than the curve')
  return importRawPrivateKey(curve, Buffer.concat([Buffer.alloc(size - significant.length), significant]))
}
