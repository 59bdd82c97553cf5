import { KeyManagementError } from '../errors.ts'
import type { KemAlgorithm, MlDsaAlgorithm } from './algorithms.ts'
import { type DerElement, DerTag, readDer, readDerElements, readDerSequence } from './der.ts'
import { equalInConstantTime } from './digest.ts'
import { isKem, rawEncodings } from './key-encoding.ts'
import { expandedKemKey, expandedMlDsaKey } from './post-quantum-noble.ts'

type SeedKind = KemAlgorithm | MlDsaAlgorithm

/** AlgorithmIdentifier (DER, hexadecimal): the object identifier alone, without parameters. */
const algorithms = new Map<string, SeedKind>([
  ['300b0609608648016503040402', 'ML-KEM-768'],
  ['300b0609608648016503040403', 'ML-KEM-1024'],
  ['300b0609608648016503040312', 'ML-DSA-65'],
  ['300b0609608648016503040313', 'ML-DSA-87'],
])

const octetString = 0x04
/** `[0] IMPLICIT OCTET STRING`: the seed alone. */
const seedOnly = 0x80

/**
 * The seed inside an ML-KEM or ML-DSA private key (RFC 9935 and RFC 9881, section 6): alone, or with the expanded key
 * beside it, which is then checked against the seed. A view into `der`.
 * @returns null where `der` is a private key of another kind, or none
 * @throws KeyManagementError `invalid_input` where the key has no seed, or one that its expanded key does not fit
 */
export function readSeedPkcs8(
  der: Uint8Array,
): { readonly kind: SeedKind; readonly seed: Uint8Array } | null {
  let kind: SeedKind | undefined
  let privateKey: DerElement | undefined
  try {
    const [version, algorithm, key] = readDerSequence(der)
    if (version?.tag !== DerTag.integer || algorithm === undefined) return null
    kind = algorithms.get(Buffer.from(algorithm.bytes).toString('hex'))
    if (kind === undefined) return null
    if (key?.tag !== octetString) throw withoutSeed(kind)
    privateKey = readDer(key.content)
    if (privateKey.bytes.length !== key.content.length) throw withoutSeed(kind)
    if (privateKey.tag === seedOnly) return { kind, seed: ofLength(kind, privateKey.content) }
    if (privateKey.tag !== DerTag.sequence) throw withoutSeed(kind)
    const [seed, expanded, ...rest] = readDerElements(privateKey.content)
    if (seed?.tag !== octetString || expanded?.tag !== octetString || rest.length > 0) throw withoutSeed(kind)
    requireFit(kind, ofLength(kind, seed.content), expanded.content)
    return { kind, seed: seed.content }
  } catch (error) {
    if (error instanceof RangeError) {
      if (kind === undefined) return null
      throw withoutSeed(kind)
    }
    throw error
  }
}

function ofLength(kind: SeedKind, seed: Uint8Array): Uint8Array {
  if (seed.byteLength !== rawEncodings[kind].privateBytes) throw withoutSeed(kind)
  return seed
}

function requireFit(kind: SeedKind, seed: Uint8Array, expanded: Uint8Array): void {
  const own = isKem(kind) ? expandedKemKey(kind, seed) : expandedMlDsaKey(kind, seed)
  const fits = equalInConstantTime(own, expanded)
  own.fill(0)
  if (!fits) {
    throw new KeyManagementError(
      'invalid_input',
      `privateKey must be an ${kind} key whose seed and expanded key belong together; given were two that do not.`,
    )
  }
}

const withoutSeed = (kind: SeedKind): KeyManagementError =>
  new KeyManagementError(
    'invalid_input',
    `privateKey must hold the seed of the ${kind} key (${rawEncodings[kind].privateBytes} bytes); given was one without it, or damaged.`,
  )
