import { type AeadKey, takeAeadKey } from '../crypto/aead.ts'
import { opaqueId, type RandomSource } from '../crypto/random.ts'
import { generateStoredKey, signWithStoredKey, storedPublicKey } from '../crypto/token-keys.ts'
import { KeyManagementError } from '../errors.ts'
import { requireDifferent, requireSuitable } from './pin.ts'
import { type NewVault, PinnedVault, type VaultParts } from './pinned-vault.ts'
import { TaskQueue } from '../task-queue.ts'
import type { SignMechanism, Token, TokenInfo, TokenKey, TokenKeyAlgorithm } from './token.ts'
import { type HeldKey, packKeys, unpackKeys } from './vault-content.ts'
import { vaultExists } from './vault-file.ts'
import { unwrapSecret, wrapSecret } from './wrapping.ts'

interface OpenVault {
  readonly dataKey: AeadKey
  readonly keys: Map<string, HeldKey>
}

const mechanisms: Readonly<Record<TokenKeyAlgorithm, SignMechanism | null>> = {
  'ECDSA-P384': 'ECDSA-SHA384',
  'RSA-4096': 'RSA-PKCS1-SHA384',
  'AES-256': null,
}

/**
 * A token in a file: its keys are sealed under a random data key, which is sealed under the PIN and, for the day the
 * PIN is lost, under the SO-PIN (Argon2id, AES-256-GCM). This is software protection: while somebody is signed in,
 * the keys are in this process's memory, and who copies the file can guess PINs without the token counting them.
 */
export class SoftwareToken implements Token {
  readonly #vault: PinnedVault
  readonly #random: RandomSource
  readonly #queue = new TaskQueue()
  #open: OpenVault | null = null

  private constructor(vault: PinnedVault, random: RandomSource) {
    this.#vault = vault
    this.#random = random
  }

  /** Whether there is a vault file, sound or not. */
  static exists(file: string): boolean {
    return vaultExists(file)
  }

  /**
   * Makes a vault without keys; it is logged out. Fills both PINs with zeros.
   * @throws KeyManagementError `token_exists`; PinError `pin_unsuitable`; storage errors.
   */
  static async create(file: string, about: NewVault, parts: VaultParts): Promise<SoftwareToken> {
    try {
      return new SoftwareToken(await PinnedVault.create(file, about, parts), parts.random)
    } finally {
      for (const secret of [about.pin, about.soPin]) secret.fill(0)
    }
  }

  /** @throws KeyManagementError `token_missing`, `token_damaged` (the file is left as it is). */
  static open(file: string, parts: VaultParts): Promise<SoftwareToken> {
    return Promise.resolve().then(() => new SoftwareToken(PinnedVault.open(file, parts), parts.random))
  }

  info(): TokenInfo {
    const { label, serial, operator, pinTries } = this.#vault.about
    return {
      label,
      serial,
      model: 'Groundlock software token',
      protection: 'software',
      operator,
      loggedIn: this.#open !== null,
      triesLeft: pinTries,
      pinLocked: pinTries === 0,
    }
  }

  login(pin: Buffer): Promise<void> {
    return this.#withSecrets([pin], async () => {
      const dataKey = await this.#vault.unlock('PIN', pin)
      this.#open = this.#read(dataKey)
    })
  }

  logout(): Promise<void> {
    return this.#queue.run(() => {
      this.#open = null
    })
  }

  changePin(pin: Buffer, newPin: Buffer): Promise<void> {
    return this.#withSecrets([pin, newPin], async () => {
      requireSuitable('PIN', newPin)
      const dataKey = await this.#vault.unlock('PIN', pin)
      try {
        await this.#vault.requireNotSoPin(newPin)
        await this.#vault.replacePin(newPin, dataKey)
      } finally {
        dataKey.fill(0)
      }
    })
  }

  unblock(soPin: Buffer, newPin: Buffer): Promise<void> {
    return this.#withSecrets([soPin, newPin], async () => {
      requireSuitable('PIN', newPin)
      requireDifferent(newPin, soPin)
      const dataKey = await this.#vault.unlock('SO-PIN', soPin)
      try {
        await this.#vault.replacePin(newPin, dataKey)
      } finally {
        dataKey.fill(0)
      }
    })
  }

  generateKey(algorithm: TokenKeyAlgorithm, label: string): Promise<TokenKey> {
    return this.#queue.run(async () => {
      this.#requireOpen()
      if (label.length < 1 || label.length > 64) throw unfit('The label of a key has 1 to 64 characters.')
      const id = opaqueId(this.#random)
      const held: HeldKey = { id, label, algorithm, key: await generateStoredKey(algorithm) }
      this.#store(new Map(this.#requireOpen().keys).set(id, held))
      return handleOf(held)
    })
  }

  find(query: { readonly id?: string; readonly label?: string }): Promise<TokenKey[]> {
    return this.#queue.run(() =>
      [...this.#requireOpen().keys.values()]
        .filter(({ id, label }) => id === (query.id ?? id) && label === (query.label ?? label))
        .map(handleOf),
    )
  }

  publicKey(key: TokenKey): Promise<Buffer> {
    return this.#queue.run(() => {
      const held = this.#held(key)
      if (held.algorithm === 'AES-256') throw unfit('A secret key has no public key.')
      return storedPublicKey(held.key)
    })
  }

  sign(key: TokenKey, mechanism: SignMechanism, message: Uint8Array): Promise<Buffer> {
    return this.#queue.run(() => {
      const held = this.#held(key)
      if (mechanisms[held.algorithm] !== mechanism)
        throw unfit(`An ${held.algorithm} key cannot sign with ${mechanism}.`)
      return signWithStoredKey(held.key, mechanism, message)
    })
  }

  wrap(key: TokenKey, secret: Uint8Array, context: Uint8Array): Promise<Buffer> {
    return this.#queue.run(() => wrapSecret(this.#wrappingKey(key), this.#random, secret, context))
  }

  unwrap(key: TokenKey, sealed: Uint8Array, context: Uint8Array): Promise<Buffer> {
    return this.#queue.run(() => unwrapSecret(this.#wrappingKey(key), sealed, context))
  }

  destroy(key: TokenKey): Promise<void> {
    return this.#queue.run(() => {
      const keys = new Map(this.#requireOpen().keys)
      keys.delete(this.#held(key).id)
      this.#store(keys)
    })
  }

  random(length: number): Promise<Buffer> {
    return this.#queue.run(() => {
      this.#requireOpen()
      return this.#random.bytes(length)
    })
  }

  /** Takes the data key over; the bytes of the keys are erased, what stays are handles in memory. */
  #read(bytes: Buffer): OpenVault {
    const dataKey = takeAeadKey(bytes)
    const packed = this.#vault.openContent(dataKey)
    try {
      return { dataKey, keys: unpackKeys(packed) }
    } finally {
      packed.fill(0)
    }
  }

  #store(keys: Map<string, HeldKey>): void {
    const { dataKey } = this.#requireOpen()
    const packed = packKeys(keys.values())
    try {
      this.#vault.replaceContent(dataKey, packed)
      this.#open = { dataKey, keys }
    } finally {
      packed.fill(0)
    }
  }

  #withSecrets(secrets: readonly Buffer[], task: () => Promise<void>): Promise<void> {
    return this.#queue.run(task).finally(() => {
      for (const secret of secrets) secret.fill(0)
    })
  }

  #requireOpen(): OpenVault {
    if (this.#open) return this.#open
    throw new KeyManagementError('not_signed_in', 'The token is locked. Sign in with its PIN.')
  }

  #held({ id }: TokenKey): HeldKey {
    const held = this.#requireOpen().keys.get(id)
    if (held) return held
    throw new KeyManagementError('not_found', 'The token does not hold this key; it may have been destroyed.')
  }

  #wrappingKey(key: TokenKey): AeadKey {
    const held = this.#held(key)
    if (held.algorithm !== 'AES-256') throw unfit(`An ${held.algorithm} key cannot seal secrets.`)
    return held.key
  }
}

/** A handle says what PKCS#11 would say of a key made in the token that may never leave it. */
const handleOf = ({ id, label, algorithm }: HeldKey): TokenKey => ({
  id,
  label,
  algorithm,
  attributes: { sensitive: true, extractable: false, neverExtractable: true, local: true },
})

const unfit = (message: string): KeyManagementError => new KeyManagementError('token_error', message)
