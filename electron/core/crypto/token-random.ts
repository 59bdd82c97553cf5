import { KeyManagementError } from '../errors.ts'
import type { RandomSource } from './random.ts'

/** The part of a `Token` that is needed here. */
export interface TokenGenerator {
  random(length: number): Promise<Buffer>
}

/** Bytes kept ready; more than any one draw of the engine takes. */
const ahead = 16_384

/**
 * Random bytes from a token's generator (`hardware_security_module`). A token answers later and the engine asks now,
 * so bytes are drawn ahead and each is handed out once. Where the token falls behind, the engine stops rather than
 * take bytes from elsewhere.
 */
export class TokenRandom implements RandomSource {
  readonly #token: TokenGenerator
  readonly #ready = Buffer.allocUnsafeSlow(ahead)
  /** Where the bytes that are left begin. */
  #at = ahead
  #filling: Promise<void> | null = null
  #problem: unknown = null

  private constructor(token: TokenGenerator) {
    this.#token = token
  }

  /** @throws what the token throws */
  static async create(token: TokenGenerator): Promise<TokenRandom> {
    const source = new TokenRandom(token)
    await source.refill()
    return source
  }

  /** @throws KeyManagementError `token_error` where the token has not delivered enough. */
  bytes(length: number): Buffer {
    if (length > ahead - this.#at) {
      this.#refillLater()
      throw new KeyManagementError(
        'token_error',
        'The token has not delivered enough random bytes. Check that it is connected, and try again.',
        { cause: this.#problem },
      )
    }
    const out = Buffer.allocUnsafeSlow(length)
    this.#ready.copy(out, 0, this.#at, this.#at + length)
    this.#ready.fill(0, this.#at, this.#at + length)
    this.#at += length
    if (this.#at > ahead / 2) this.#refillLater()
    return out
  }

  /** Fills up what was handed out. @throws what the token throws, or KeyManagementError `token_error` for a short draw */
  refill(): Promise<void> {
    this.#filling ??= this.#draw().finally(() => (this.#filling = null))
    return this.#filling
  }

  /** Overwrites what is left. */
  destroy(): void {
    this.#ready.fill(0)
    this.#at = ahead
  }

  #refillLater(): void {
    this.refill().then(
      () => (this.#problem = null),
      (error: unknown) => (this.#problem = error),
    )
  }

  async #draw(): Promise<void> {
    const wanted = this.#at
    if (wanted === 0) return
    const drawn = await this.#token.random(wanted)
    if (drawn.length !== wanted || isStuck(drawn)) {
      throw new KeyManagementError('token_error', 'The token gave no usable random bytes.')
    }
    // Bytes may have been handed out meanwhile: what was drawn goes in front of what is left.
    drawn.copy(this.#ready, this.#at - wanted)
    drawn.fill(0)
    this.#at -= wanted
  }
}

/** A token that repeats one byte is broken; in a few bytes that happens by chance. */
const isStuck = (drawn: Buffer): boolean => drawn.length >= 16 && drawn.every((byte) => byte === drawn[0])
