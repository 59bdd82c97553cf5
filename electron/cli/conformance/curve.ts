import type { Curve } from '#core/crypto/algorithms.ts'

/** Bytes of a coordinate and of a scalar. */
export const curveBytes: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48 }

/** The engine's name of a curve as the collection writes it; null where it has no such. */
export function engineCurve(name: string): Curve | null {
  if (name === 'secp256r1' || name === 'P-256') return 'P-256'
  return name === 'secp384r1' || name === 'P-384' ? 'P-384' : null
}
