import { z } from 'zod'
import type { RawKind } from '#core/crypto/key-encoding.ts'
import { Refusal } from './case.ts'
import { curveBytes, engineCurve } from './curve.ts'

/** A JSON Web Key of a curve (RFC 7518 section 6.2, RFC 8037). */
export const Jwk = z.object({
  kty: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  d: z.string().optional(),
})
export type Jwk = z.infer<typeof Jwk>

interface Raw {
  readonly kind: RawKind
  readonly raw: Buffer
}

/** The raw public key of a JWK; the engine itself reads no JWK. @throws Refusal where it is malformed */
export function rawPublicJwk({ kty, crv, x, y }: Jwk): Raw {
  const curve = engineCurve(crv ?? '')
  if (curve === null) return { kind: montgomeryOrEdwards(kty, crv), raw: bytes(x) }
  if (kty !== 'EC') throw new Refusal('the key type does not fit the curve')
  const point = [bytes(x), bytes(y)]
  if (point.some((coordinate) => coordinate.length !== curveBytes[curve]))
    throw new Refusal('a coordinate is not as long as the field')
  return { kind: curve, raw: Buffer.concat([Buffer.from([4]), ...point]) }
}

/** The raw private key of a JWK. @throws Refusal where it is malformed */
export function rawPrivateJwk({ kty, crv, d }: Jwk): Raw {
  return { kind: engineCurve(crv ?? '') ?? montgomeryOrEdwards(kty, crv), raw: bytes(d) }
}

function montgomeryOrEdwards(kty: string | undefined, crv: string | undefined): RawKind {
  if (kty === 'OKP' && (crv === 'X25519' || crv === 'Ed25519')) return crv
  throw new Refusal(`the engine has no curve ${crv ?? '(none)'}`)
}

function bytes(text: string | undefined): Buffer {
  if (text === undefined || !/^[A-Za-z0-9_-]*$/.test(text)) throw new Refusal('a member is not base64url')
  return Buffer.from(text, 'base64url')
}
