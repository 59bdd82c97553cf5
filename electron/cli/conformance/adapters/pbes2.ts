import { z } from 'zod'
import { leastPbkdf2Iterations } from '#core/crypto/kdf.ts'
import { decryptPbes2, encryptPbes2, type Pbes2Cipher } from '#core/crypto/pbes2.ts'
import { type Adapter, adapter, Hex, Test } from '../adapter.ts'
import { expectBytes } from '../case.ts'
import { engineHash } from '../hash-name.ts'

const Group = z.object({
  tests: z.array(
    Test.extend({
      password: Hex,
      salt: Hex,
      iterationCount: z.number().int(),
      iv: Hex,
      msg: Hex,
      ct: Hex,
    }),
  ),
})

const ciphers = new Map<string, Pbes2Cipher>([
  ['128', 'AES-128-CBC'],
  ['192', 'AES-192-CBC'],
  ['256', 'AES-256-CBC'],
])

/** pbe_test_schema: decrypts; encrypts too with the parameters that the engine writes itself. */
export const pbes2: Adapter = adapter(Group, (_group, algorithm) => {
  const [, digest, bits] = /^PbeWithHmac(Sha\d+)AndAes_(\d+)$/i.exec(algorithm) ?? []
  const hash = engineHash(digest ?? '')
  const cipher = ciphers.get(bits ?? '')
  if (hash === null || cipher === undefined) return `the engine has no ${algorithm}`
  return {
    async run({ password, salt, iterationCount: iterations, iv, msg, ct, result }) {
      const parameters = { cipher, hash, salt, iterations, iv }
      expectBytes('the plaintext', await decryptPbes2(ct, password, parameters), msg)
      const writable = cipher === 'AES-256-CBC' && iterations >= leastPbkdf2Iterations && salt.length >= 16
      if (result !== 'invalid' && writable)
        expectBytes('the ciphertext', await encryptPbes2(msg, password, parameters), ct)
    },
  }
})
