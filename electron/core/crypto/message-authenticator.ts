import { createHmac } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { AuthenticationError } from '../errors.ts'
import { ReplayWindow } from '../session/replay-window.ts'
import { type MacAlgorithm, macAlgorithms, type SignatureAlgorithm } from './algorithms.ts'
import { badInput, requireBytes, requireInteger, requireName, requireObject, requireText } from './input.ts'
import type { PrivateKeyInput, PublicKeyInput } from './key-import.ts'
import { computeMac, macKey, verifyMac } from './mac.ts'
import { checkSignature, createSignature, type SignatureOptions } from './message-signature.ts'
import type { Providers } from './providers.ts'
import { platformRandom } from './random.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

/** Configuration keys of the spec that concern messages. */
export interface AuthenticatorConfiguration {
  /** Of raw keys that were not used before. */
  readonly authentication_algorithm?: MacAlgorithm
  /** Sequence numbers that are remembered for each sender, 64 to 8192. */
  readonly replay_window_size?: number
  /** Seconds. */
  readonly max_message_age?: number
}

export interface AuthenticatorParts {
  readonly clock?: Clock
  readonly providers?: Providers
}

/** Raw keys and senders that are remembered; the oldest key is forgotten, a further sender is refused. */
const mostRawKeys = 4096
const mostSenders = 4096

/** A clock of another agent may be ahead by as much, in seconds. */
const mostAhead = 30

/**
 * The spec's MessageAuthenticator (security-encryption-api, "Message Authentication"). A MAC key belongs to one
 * algorithm, so that a MAC made under one is not taken under another: a `SecretKey` says its algorithm, and a raw key
 * is bound to the first one it is used with here. `macKey` makes a `SecretKey`, which is faster.
 */
export class MessageAuthenticator {
  readonly #preset: MacAlgorithm
  readonly #windowSize: number
  readonly #maxAge: number
  readonly #clock: Clock
  readonly #providers: Providers
  readonly #windows = new Map<string, ReplayWindow>()
  readonly #bindings = new Map<string, MacAlgorithm>()
  /** Raw keys are recognised by their MAC under this one, so that no digest of them stays in memory. */
  readonly #recognition = SecretKey.generate('HMAC-SHA256', 32, platformRandom)

  /** @throws AuthenticationError `invalid_input` naming the configuration key */
  constructor(configuration: AuthenticatorConfiguration = {}, parts: AuthenticatorParts = {}) {
    requireObject(AuthenticationError, 'configuration', configuration)
    const {
      authentication_algorithm: preset = 'HMAC-SHA256',
      replay_window_size: windowSize = 1024,
      max_message_age: maxAge = 60,
    } = configuration
    requireName(AuthenticationError, 'authentication_algorithm', preset, macAlgorithms)
    requireInteger(AuthenticationError, 'replay_window_size', windowSize, 64, 8192)
    requireInteger(AuthenticationError, 'max_message_age', maxAge, 1, 86_400)
    this.#preset = preset
    this.#windowSize = windowSize
    this.#maxAge = maxAge
    this.#clock = parts.clock ?? systemClock
    this.#providers = parts.providers ?? platformProviders()
  }

  /**
   * The MAC of a message, 32, 48 or 64 bytes. `algorithm` may be left out for a `SecretKey` or a raw key used before.
   * @throws AuthenticationError `invalid_input` naming the parameter, also for another algorithm than the key's
   */
  generateMessageMac(message: Uint8Array, key: SecretKey | Uint8Array, algorithm?: MacAlgorithm): Buffer {
    return this.#withKey(key, algorithm, (own) => computeMac(own, message))
  }

  /**
   * True if `mac` is the MAC of `message` under `key` and the key's algorithm; compared in constant time.
   * @throws AuthenticationError `invalid_input` naming the parameter
   */
  verifyMessageMac(message: Uint8Array, mac: Uint8Array, key: SecretKey | Uint8Array): boolean {
    return this.#withKey(key, undefined, (own) => verifyMac(own, message, mac))
  }

  /**
   * Signs a message. ECDSA signatures are DER unless `options.form` is `raw`.
   * @throws AuthenticationError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
   */
  signMessage(
    message: Uint8Array,
    privateKey: PrivateKeyInput,
    algorithm: SignatureAlgorithm = 'RSA-PSS-SHA256',
    options: SignatureOptions = {},
  ): Buffer {
    return createSignature(algorithm, message, privateKey, options, this.#providers)
  }

  /** @throws AuthenticationError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read */
  verifySignature(
    message: Uint8Array,
    signature: Uint8Array,
    publicKey: PublicKeyInput,
    algorithm: SignatureAlgorithm,
    options: SignatureOptions = {},
  ): boolean {
    return checkSignature(algorithm, message, signature, publicKey, options, this.#providers)
  }

  /**
   * True if the number was not seen before and is not too old or too far ahead; it counts as seen then. Call it after
   * the message was authenticated, so that nobody else moves the window. The first number of a sender may be any.
   * @throws AuthenticationError `invalid_input` naming the parameter, `rate_limited` for too many senders
   */
  updateSequenceWindow(sender: string, sequenceNumber: number): boolean {
    requireText(AuthenticationError, 'sender', sender, 128)
    requireInteger(AuthenticationError, 'sequenceNumber', sequenceNumber, 0, Number.MAX_SAFE_INTEGER)
    let window = this.#windows.get(sender)
    if (window === undefined) {
      if (this.#windows.size >= mostSenders) {
        throw new AuthenticationError(
          'rate_limited',
          `More than ${mostSenders} senders; no further is taken.`,
        )
      }
      window = new ReplayWindow(this.#windowSize, Math.max(0, sequenceNumber - this.#windowSize + 1))
      this.#windows.set(sender, window)
    }
    if (window.check(sequenceNumber) !== null) return false
    window.accept(sequenceNumber)
    return true
  }

  /**
   * True if a message of that time, in seconds since 1970, is at most `maxAge` seconds old and not from the future
   * (30 seconds are allowed for clocks that differ).
   * @throws AuthenticationError `invalid_input` naming the parameter
   */
  checkMessageFreshness(timestamp: number, maxAge: number = this.#maxAge): boolean {
    const given: unknown = timestamp
    if (typeof given !== 'number' || !Number.isFinite(given)) {
      throw badInput(AuthenticationError, 'timestamp', 'seconds since 1970 as a finite number', given)
    }
    requireInteger(AuthenticationError, 'maxAge', maxAge, 0, 86_400)
    const age = this.#clock.now() / 1000 - timestamp
    return age <= maxAge && age >= -mostAhead
  }

  #withKey<T>(key: unknown, algorithm: unknown, work: (key: SecretKey) => T): T {
    if (algorithm !== undefined) requireName(AuthenticationError, 'algorithm', algorithm, macAlgorithms)
    if (key instanceof SecretKey) {
      if (algorithm !== undefined && key.algorithm !== algorithm) throw bound(key.algorithm, algorithm)
      return work(key)
    }
    requireBytes(AuthenticationError, 'key', key, { min: 16, max: 1024 })
    const bytes = key as Uint8Array
    const name = this.#recognise(bytes)
    const known = this.#bindings.get(name)
    if (known !== undefined && algorithm !== undefined && algorithm !== known) throw bound(known, algorithm)
    const chosen = known ?? algorithm ?? this.#preset
    const own = macKey(bytes, chosen)
    try {
      const result = work(own)
      // A call that was refused binds nothing, nor does a MAC that does not fit.
      if (known === undefined && result !== false) this.#bind(name, chosen)
      return result
    } finally {
      own.zeroise()
    }
  }

  /** Stands for a raw key without holding it. */
  #recognise(bytes: Uint8Array): string {
    return createHmac('sha256', this.#recognition.keyObject).update(bytes).digest('base64')
  }

  #bind(name: string, algorithm: MacAlgorithm): void {
    const [oldest] = this.#bindings.keys()
    if (this.#bindings.size >= mostRawKeys && oldest !== undefined) this.#bindings.delete(oldest)
    this.#bindings.set(name, algorithm)
  }
}

const bound = (known: string, given: MacAlgorithm): AuthenticationError =>
  new AuthenticationError(
    'invalid_input',
    `algorithm must be ${known}, to which the key is bound; given was "${given}".`,
  )
