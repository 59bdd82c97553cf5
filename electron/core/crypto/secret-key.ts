import { createSecretKey, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { KeyManagementError } from '../errors.ts'
import { type SecretAlgorithm, secretAlgorithms, secretLengths } from './algorithms.ts'
import { badInput, requireBytes, requireInteger, requireName } from './input.ts'
import { platformRandom, type RandomSource } from './random.ts'

/**
 * The owner of a secret key's bytes. They are in one buffer of their own, are lent to one function at a time, and are
 * gone after `zeroise`. A secret key names itself when it is printed or serialised, and shows nothing else. What
 * JavaScript cannot promise about it is in docs/SECURITY.md.
 */
export class SecretKey {
  readonly algorithm: SecretAlgorithm
  /** Bytes. */
  readonly length: number
  #bytes: Buffer | null
  #keyObject: KeyObject | null = null
  #randomIvs = 0

  private constructor(bytes: Buffer, algorithm: SecretAlgorithm) {
    this.algorithm = algorithm
    this.length = bytes.length
    this.#bytes = bytes
  }

  /**
   * Takes `bytes` over: the caller no longer uses them. Bytes that share their memory with others are moved to memory
   * of their own and overwritten where they were.
   * @throws KeyManagementError `invalid_input` for an unknown algorithm or a wrong length.
   */
  static take(bytes: Buffer, algorithm: SecretAlgorithm): SecretKey {
    requireName(KeyManagementError, 'algorithm', algorithm, secretAlgorithms)
    requireBytes(KeyManagementError, `bytes (${algorithm} key)`, bytes, secretLengths[algorithm])
    if (Buffer.isBuffer(bytes) && bytes.buffer.byteLength === bytes.byteLength) {
      return new SecretKey(bytes, algorithm)
    }
    const own = ownCopy(bytes)
    bytes.fill(0)
    return new SecretKey(own, algorithm)
  }

  /** As `take`, of a copy: the caller keeps `bytes`. */
  static copy(bytes: Uint8Array, algorithm: SecretAlgorithm): SecretKey {
    requireBytes(KeyManagementError, 'bytes', bytes)
    return SecretKey.take(ownCopy(bytes), algorithm)
  }

  /** A new random key of `length` bytes. @throws KeyManagementError `invalid_input` as `take`. */
  static generate(
    algorithm: SecretAlgorithm,
    length: number,
    random: RandomSource = platformRandom,
  ): SecretKey {
    requireName(KeyManagementError, 'algorithm', algorithm, secretAlgorithms)
    const { min, max } = secretLengths[algorithm]
    requireInteger(KeyManagementError, `length (${algorithm} key, bytes)`, length, Math.max(min, 16), max)
    return SecretKey.take(random.bytes(length), algorithm)
  }

  get destroyed(): boolean {
    return this.#bytes === null
  }

  /**
   * Lends the bytes to `work`, which keeps no reference to them.
   * @throws KeyManagementError `conflict` after `zeroise`.
   */
  use<T>(work: (bytes: Uint8Array) => T): T {
    if (this.#bytes === null) throw destroyed(this.algorithm)
    return work(this.#bytes)
  }

  /**
   * The key as node:crypto takes it, made once: a raw key costs 18 us a call on Node 24.
   * @throws KeyManagementError `conflict` after `zeroise`.
   */
  get keyObject(): KeyObject {
    if (this.#keyObject !== null) return this.#keyObject
    if (this.#bytes === null) throw destroyed(this.algorithm)
    return (this.#keyObject = createSecretKey(this.#bytes))
  }

  /**
   * Counts a message sealed under a random IV; more than 2^32 with one key are refused (NIST SP 800-38D section 8.3).
   * @throws KeyManagementError `conflict` when the key is used up
   */
  countRandomIv(): void {
    if (this.#randomIvs === mostRandomIvs) {
      throw new KeyManagementError(
        'conflict',
        `This ${this.algorithm} key has sealed 2^32 messages and seals no more; make a new one.`,
      )
    }
    this.#randomIvs++
  }

  /** The same bytes for another purpose, as a key of its own. @throws KeyManagementError as `take` and `use`. */
  copyAs(algorithm: SecretAlgorithm): SecretKey {
    return this.use((bytes) => SecretKey.copy(bytes, algorithm))
  }

  /**
   * Overwrites the bytes with zeros; every later use throws. The copy inside a key object is cleansed by the library
   * when the key object is collected, which nobody can force.
   */
  zeroise(): void {
    this.#bytes?.fill(0)
    this.#bytes = null
    this.#keyObject = null
  }

  toString(): string {
    return `[SecretKey ${this.algorithm}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

/**
 * The spec's `secure_key_destruction`: overwrites key material where it is. Key objects are cleansed by the library.
 * @throws KeyManagementError `invalid_input` for anything that cannot be overwritten, such as text.
 */
export function secureKeyDestruction(material: SecretKey | Uint8Array): void {
  if (material instanceof SecretKey) material.zeroise()
  else if (material instanceof Uint8Array) material.fill(0)
  else {
    throw badInput(
      KeyManagementError,
      'material',
      'a SecretKey or a byte array (text cannot be overwritten)',
      material,
    )
  }
}

const mostRandomIvs = 2 ** 32

/** A copy that shares its memory with nothing, not even Node's buffer pool. */
function ownCopy(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  own.set(bytes)
  return own
}

const destroyed = (algorithm: SecretAlgorithm): KeyManagementError =>
  new KeyManagementError('conflict', `This ${algorithm} key was destroyed and cannot be used again.`)
