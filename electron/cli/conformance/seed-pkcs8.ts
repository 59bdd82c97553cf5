import type { KemAlgorithm } from '#core/crypto/algorithms.ts'
import { rawEncodings } from '#core/crypto/key-encoding.ts'

/** PKCS#8 (DER) with the seed and the expanded key side by side (RFC 9935 section 6, `both`). */
export function seedWithExpandedKey(kind: KemAlgorithm, seed: Uint8Array, expanded: Uint8Array): Buffer {
  const both = element(0x30, Buffer.concat([element(0x04, seed), element(0x04, expanded)]))
  return element(0x30, Buffer.concat([integerZero, algorithmOf(kind), element(0x04, both)]))
}

const integerZero = Buffer.from([0x02, 0x01, 0x00])

/** AlgorithmIdentifier stands in SubjectPublicKeyInfo after the outer tag and its length of two bytes. */
function algorithmOf(kind: KemAlgorithm): Buffer {
  const { spkiPrefix } = rawEncodings[kind]
  const start = 4
  return spkiPrefix.subarray(start, start + 2 + (spkiPrefix[start + 1] ?? 0))
}

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...header]), content])
}
