import { aeadIvBytes, type AeadKey, open, seal, takeAeadKey } from '../crypto/aead.ts'
import { argon2id, type Argon2Cost, argon2SaltBytes } from '../crypto/argon2.ts'
import type { RandomSource } from '../crypto/random.ts'
import { associatedData, type PinSlot, type SealedBox, type Vault } from './vault-file.ts'

type Identity = Pick<Vault, 'serial' | 'label' | 'operator'>
/** Which of the vault's two slots. */
export type SlotName = 'pin' | 'soPin'

/** Seals the data key (32 bytes, left as it is) under a PIN with a new salt. */
export async function closeSlot(
  identity: Identity,
  name: SlotName,
  pin: Uint8Array,
  dataKey: Uint8Array,
  { random, cost }: { readonly random: RandomSource; readonly cost: Argon2Cost },
): Promise<PinSlot> {
  const kdf = { algorithm: 'argon2id', ...cost, salt: random.bytes(argon2SaltBytes) } as const
  const key = await keyOf(pin, kdf)
  return { kdf, key: sealBox(key, random, associatedData(identity, name, kdf), dataKey) }
}

/** The data key (32 bytes) in a slot, null where the PIN is not the slot's. Whoever asked fills it with zeros. */
export async function openSlot(vault: Vault, name: SlotName, pin: Uint8Array): Promise<Buffer | null> {
  const slot = vault[name]
  const key = await keyOf(pin, slot.kdf)
  return openBox(key, associatedData(vault, name, slot.kdf), slot.key)
}

/** AES-256-GCM with a random IV; each key seals far fewer than 2^32 boxes (SP 800-38D section 8.3). */
export function sealBox(
  key: AeadKey,
  random: RandomSource,
  associated: Uint8Array,
  plaintext: Uint8Array,
): SealedBox {
  const iv = random.bytes(aeadIvBytes)
  return { iv, ...seal(key, iv, associated, plaintext) }
}

/** What a box holds, null where key or associated data are not its own. */
export function openBox(key: AeadKey, associated: Uint8Array, box: SealedBox): Buffer | null {
  try {
    return open(key, box.iv, associated, box)
  } catch {
    return null
  }
}

const keyOf = async (pin: Uint8Array, kdf: PinSlot['kdf']): Promise<AeadKey> =>
  takeAeadKey(await argon2id(pin, kdf.salt, kdf))
