import { type AeadKey, aeadKeyBytes, takeAeadKey } from '../crypto/aead.ts'
import { argon2Default, type Argon2Cost } from '../crypto/argon2.ts'
import type { RandomSource } from '../crypto/random.ts'
import { KeyManagementError } from '../errors.ts'
import { closeSlot, openBox, openSlot, sealBox, type SlotName } from './pin-slot.ts'
import { lockedPin, type PinKind, requireDifferent, requireSuitable, sameAsSoPin, wrongPin } from './pin.ts'
import {
  allowedTries,
  associatedData,
  damagedVault,
  readVault,
  type Vault,
  vaultExists,
  writeVault,
} from './vault-file.ts'

export interface VaultParts {
  readonly random: RandomSource
  /** What a guess of the PIN costs; for new PINs only, a vault keeps its own. */
  readonly cost?: Argon2Cost
}

export interface NewVault {
  readonly label: string
  readonly operator: string
  readonly pin: Buffer
  readonly soPin: Buffer
}

type TriesName = 'pinTries' | 'soPinTries'
const slots: Readonly<Record<PinKind, { readonly slot: SlotName; readonly tries: TriesName }>> = {
  PIN: { slot: 'pin', tries: 'pinTries' },
  'SO-PIN': { slot: 'soPin', tries: 'soPinTries' },
}

/**
 * The vault file and its two PINs. What is in memory follows the file only once the file is on the disk. Callers
 * order their calls and erase the PINs.
 */
export class PinnedVault {
  readonly #file: string
  readonly #random: RandomSource
  readonly #cost: Argon2Cost
  #vault: Vault

  private constructor(file: string, vault: Vault, { random, cost = argon2Default }: VaultParts) {
    this.#file = file
    this.#vault = vault
    this.#random = random
    this.#cost = cost
  }

  /** @throws PinError `pin_unsuitable`, KeyManagementError `token_exists`, storage errors; nothing is written then. */
  static async create(file: string, about: NewVault, parts: VaultParts): Promise<PinnedVault> {
    const { label, operator, pin, soPin } = about
    requireSuitable('PIN', pin)
    requireSuitable('SO-PIN', soPin)
    requireDifferent(pin, soPin)
    if (vaultExists(file)) throw tokenExists()
    const dataKey = parts.random.bytes(aeadKeyBytes)
    try {
      const identity = { serial: parts.random.bytes(8).toString('hex'), label, operator }
      const how = { random: parts.random, cost: parts.cost ?? argon2Default }
      const vault: Vault = {
        format: 'groundlock-vault',
        version: 1,
        ...identity,
        pinTries: allowedTries,
        soPinTries: allowedTries,
        pin: await closeSlot(identity, 'pin', pin, dataKey, how),
        soPin: await closeSlot(identity, 'soPin', soPin, dataKey, how),
        content: sealBox(
          takeAeadKey(dataKey),
          parts.random,
          associatedData(identity, 'content'),
          new Uint8Array(),
        ),
      }
      writeVault(file, vault)
      return new PinnedVault(file, vault, parts)
    } finally {
      dataKey.fill(0)
    }
  }

  /** @throws KeyManagementError `token_missing`, `token_damaged`; the file is left as it is. */
  static open(file: string, parts: VaultParts): PinnedVault {
    return new PinnedVault(file, readVault(file), parts)
  }

  get about(): Readonly<Pick<Vault, 'serial' | 'label' | 'operator' | 'pinTries'>> {
    return this.#vault
  }

  /**
   * The data key (32 bytes), which the caller erases. The try is counted on the disk before it is made, so that
   * pulling the plug does not give it back.
   * @throws PinError `pin_incorrect`, `pin_locked`; storage errors, and then the PIN was not tried.
   */
  async unlock(kind: PinKind, pin: Uint8Array): Promise<Buffer> {
    const { slot, tries } = slots[kind]
    const left = this.#vault[tries]
    if (left === 0) throw lockedPin(kind)
    this.#write({ [tries]: left - 1 })
    const dataKey = await openSlot(this.#vault, slot, pin)
    if (!dataKey) throw wrongPin(kind, left - 1)
    this.#write({ [tries]: allowedTries })
    return dataKey
  }

  /** @throws PinError `pin_unsuitable` where `pin` is the SO-PIN. */
  async requireNotSoPin(pin: Uint8Array): Promise<void> {
    const dataKey = await openSlot(this.#vault, 'soPin', pin)
    dataKey?.fill(0)
    if (dataKey) throw sameAsSoPin()
  }

  /** Puts a new PIN in the place of the old one and lifts the lock. */
  async replacePin(newPin: Uint8Array, dataKey: Uint8Array): Promise<void> {
    const how = { random: this.#random, cost: this.#cost }
    const pin = await closeSlot(this.#vault, 'pin', newPin, dataKey, how)
    this.#write({ pin, pinTries: allowedTries })
  }

  /** What is sealed under the data key, in a buffer the caller erases. @throws KeyManagementError `token_damaged` */
  openContent(dataKey: AeadKey): Buffer {
    const content = openBox(dataKey, associatedData(this.#vault, 'content'), this.#vault.content)
    if (!content) throw damagedVault('holds keys that do not belong to it')
    return content
  }

  /** Seals `content` under the data key; durable when it returns. */
  replaceContent(dataKey: AeadKey, content: Uint8Array): void {
    this.#write({
      content: sealBox(dataKey, this.#random, associatedData(this.#vault, 'content'), content),
    })
  }

  #write(changes: Partial<Vault>): void {
    const vault = { ...this.#vault, ...changes }
    writeVault(this.#file, vault)
    this.#vault = vault
  }
}

const tokenExists = (): KeyManagementError =>
  new KeyManagementError(
    'token_exists',
    'There is a token already. Sign in with its PIN, or move its vault file away first.',
  )
