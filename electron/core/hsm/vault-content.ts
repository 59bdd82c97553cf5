import { z } from 'zod'
import { readStoredKey, type StoredKey, storedKeyBytes } from '../crypto/token-keys.ts'
import { damagedVault } from './vault-file.ts'

const KeyDescription = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  label: z.string().min(1).max(64),
  algorithm: z.enum(['ECDSA-P384', 'RSA-4096', 'AES-256']),
})
export type KeyDescription = z.infer<typeof KeyDescription>

export interface HeldKey extends KeyDescription {
  readonly key: StoredKey
}

/**
 * The keys as bytes: for each, its description (JSON) and its key, each after its length in two bytes, big-endian.
 * Not JSON as a whole, because key bytes in a string could not be erased. Whoever asked fills the result with zeros.
 */
export function packKeys(keys: Iterable<HeldKey>): Buffer {
  const parts: Buffer[] = []
  try {
    for (const { id, label, algorithm, key } of keys) {
      const description = KeyDescription.parse({ id, label, algorithm })
      parts.push(Buffer.from(JSON.stringify(description)), storedKeyBytes(key))
    }
    const packed = Buffer.allocUnsafeSlow(parts.reduce((size, part) => size + 2 + part.length, 0))
    let offset = 0
    for (const part of parts) {
      offset = packed.writeUInt16BE(part.length, offset)
      offset += part.copy(packed, offset)
    }
    return packed
  } finally {
    for (const part of parts) part.fill(0)
  }
}

/** Reads what `packKeys` wrote. @throws KeyManagementError `token_damaged` */
export function unpackKeys(packed: Buffer): Map<string, HeldKey> {
  const keys = new Map<string, HeldKey>()
  let offset = 0
  const part = (): Buffer => {
    const start = offset + 2
    offset = start + packed.readUInt16BE(offset)
    if (offset > packed.length) throw new RangeError('a part is longer than the content')
    return packed.subarray(start, offset)
  }
  try {
    while (offset < packed.length) {
      const description = KeyDescription.parse(JSON.parse(part().toString()))
      keys.set(description.id, { ...description, key: readStoredKey(description.algorithm, part()) })
    }
    return keys
  } catch {
    throw damagedVault('holds keys that cannot be read')
  }
}
