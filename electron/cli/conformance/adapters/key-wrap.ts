import { z } from 'zod'
import { type KeyWrapMode, unwrapKeyBytes, wrapKeyBytes } from '#core/crypto/key-wrap.ts'
import { SecretKey } from '#core/crypto/secret-key.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes } from '../case.ts'

const Group = z.object({
  keySize: z.number(),
  tests: z.array(Test.extend({ key: Hex, msg: Hex, ct: Hex })),
})

const engineModes = new Map<string, KeyWrapMode>([
  ['AES-WRAP', 'KW'],
  ['AES-KW', 'KW'],
  ['AES-KWP', 'KWP'],
])

/** keywrap_test_schema: unwraps; wraps too, unless the wrapped bytes are what is wrong. */
export const keyWrap: Adapter = adapter(Group, ({ keySize }, algorithm) => {
  const mode = engineModes.get(algorithm.toUpperCase())
  if (mode === undefined) return `the engine has no ${algorithm}`
  return {
    excuse: () => (keySize === 256 ? null : `the engine refuses wrapping keys of ${keySize} bits: 256 only`),
    run({ key: bytes, msg, ct, result }) {
      const key = SecretKey.copy(bytes, 'AES-256-KW')
      expectBytes('the unwrapped key', unwrapKeyBytes(key, ct, mode), msg)
      if (result !== 'invalid') expectBytes('the wrapped key', wrapKeyBytes(key, msg, mode), ct)
    },
  }
})
