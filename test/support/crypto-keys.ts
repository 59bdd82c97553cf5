import type { KeyPairAlgorithm } from '#core/crypto/algorithms.ts'
import type { PrivateKey } from '#core/crypto/asymmetric-key.ts'
import { generatePrivateKey } from '#core/crypto/key-pairs.ts'

const made = new Map<KeyPairAlgorithm, Promise<PrivateKey>>()

/** A key of the algorithm, made once for all tests of a file. It is not to be destroyed. */
export function keyOf(algorithm: KeyPairAlgorithm): Promise<PrivateKey> {
  const known = made.get(algorithm) ?? generatePrivateKey(algorithm)
  made.set(algorithm, known)
  return known
}
