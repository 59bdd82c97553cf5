import { argon2id as nobleArgon2id, argon2idAsync } from '@noble/hashes/argon2.js'
import { hashRaw, hashRawSync } from '@node-rs/argon2'
import type { Argon2Cost } from './argon2.ts'
import type { Argon2Provider } from './providers.ts'

/** Native and off the main thread, with prebuilt binaries for every platform the console runs on. */
export const nativeArgon2: Argon2Provider = {
  name: 'node-rs',
  derive: (secret, salt, cost, length) => hashRaw(secret, nativeOptions(salt, cost, length)),
  deriveNow: (secret, salt, cost, length) => hashRawSync(secret, nativeOptions(salt, cost, length)),
}

/** In JavaScript, several times slower; `argon2idAsync` gives the event loop its turns. */
export const nobleArgon2: Argon2Provider = {
  name: 'noble',
  derive: async (secret, salt, cost, length) =>
    Buffer.from((await argon2idAsync(secret, salt, nobleOptions(cost, length))).buffer),
  deriveNow: (secret, salt, cost, length) =>
    Buffer.from(nobleArgon2id(secret, salt, nobleOptions(cost, length)).buffer),
}

/** True if the native package loads and answers in this process. */
export function nativeArgon2Works(): boolean {
  try {
    const cost = { memoryKiB: 8, passes: 1, lanes: 1 }
    return nativeArgon2.deriveNow(Buffer.from('probe'), Buffer.alloc(16), cost, 32).length === 32
  } catch {
    return false
  }
}

// Argon2id and version 0x13 are the package's defaults; it names them by const enums, which isolated modules cannot
// read. The self-test holds it to them.
const nativeOptions = (salt: Uint8Array, cost: Argon2Cost, length: number) => ({
  salt,
  memoryCost: cost.memoryKiB,
  timeCost: cost.passes,
  parallelism: cost.lanes,
  outputLen: length,
})

const nobleOptions = (cost: Argon2Cost, length: number) => ({
  m: cost.memoryKiB,
  t: cost.passes,
  p: cost.lanes,
  dkLen: length,
})
