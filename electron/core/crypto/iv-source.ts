import { aeadIvBytes } from './aead.ts'
import type { RandomSource } from './random.ts'

/** IVs drawn at once: one draw of 12 bytes costs as much as the whole encryption of a small message. */
const batch = 256

/** Random 96-bit IVs, each handed out once. They are not secret. */
export class IvSource {
  readonly #random: RandomSource
  #drawn: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(random: RandomSource) {
    this.#random = random
  }

  next(): Buffer {
    if (this.#at === this.#drawn.length) {
      this.#drawn = this.#random.bytes(batch * aeadIvBytes)
      this.#at = 0
    }
    const end = this.#at + aeadIvBytes
    const iv = this.#drawn.subarray(this.#at, end)
    this.#at = end
    return iv
  }
}
