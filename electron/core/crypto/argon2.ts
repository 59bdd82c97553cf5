import { hashRaw } from '@node-rs/argon2'

/** What a guess costs (RFC 9106). */
export interface Argon2Cost {
  /** Memory in KiB. */
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** 64 MiB, 3 passes, 1 lane: about 0.1 s on a laptop; RFC 9106 section 4, second choice, with one lane. */
export const argon2Default: Argon2Cost = { memoryKiB: 64 * 1024, passes: 3, lanes: 1 }

export const argon2SaltBytes = 16

/**
 * Argon2id, version 0x13 (RFC 9106): 32 bytes from a PIN and a salt of 16 bytes, off the main thread. Whoever asked
 * for them fills them with zeros.
 */
export function argon2id(pin: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Buffer> {
  // Argon2id and version 0x13 are the package's defaults; it names them by const enums, which isolated modules cannot
  // read. A known-answer test holds it to them.
  return hashRaw(pin, {
    salt,
    memoryCost: cost.memoryKiB,
    timeCost: cost.passes,
    parallelism: cost.lanes,
    outputLen: 32,
  })
}
