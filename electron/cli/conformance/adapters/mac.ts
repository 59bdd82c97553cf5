import { z } from 'zod'
import type { MacAlgorithm } from '#core/crypto/algorithms.ts'
import { computeMac, macBytes, macKey, verifyMac } from '#core/crypto/mac.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes, expectVerified } from '../case.ts'

const Group = z.object({
  keySize: z.number(),
  tagSize: z.number(),
  tests: z.array(Test.extend({ key: Hex, msg: Hex, tag: Hex })),
})

const engineNames = new Map<string, MacAlgorithm>([
  ['HMACSHA256', 'HMAC-SHA256'],
  ['HMACSHA384', 'HMAC-SHA384'],
  ['HMACSHA512', 'HMAC-SHA512'],
  ['BLAKE2B', 'BLAKE2b'],
])

const leastKeyBits = 128

/** mac_test_schema: verifies; where the case is valid, computes too. */
export const mac: Adapter = adapter(Group, ({ keySize, tagSize }, algorithm) => {
  const name = engineNames.get(algorithm.toUpperCase())
  if (name === undefined) return `the engine has no ${algorithm}`
  const wholeTag = 8 * macBytes[name]
  const excuse =
    keySize < leastKeyBits
      ? `the engine refuses keys of ${keySize} bits: ${leastKeyBits} and more`
      : tagSize === wholeTag
        ? null
        : `the engine refuses truncated tags (${tagSize} bits): ${wholeTag} only`
  return {
    excuse: () => excuse,
    run({ key: bytes, msg, tag, result }) {
      const key = macKey(bytes, name)
      expectVerified(verifyMac(key, msg, tag), 'the tag')
      if (result !== 'invalid') expectBytes('the tag', computeMac(key, msg), tag)
    },
  }
})
