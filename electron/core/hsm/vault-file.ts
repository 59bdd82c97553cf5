import { existsSync, readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { aeadIvBytes, aeadTagBytes } from '../crypto/aead.ts'
import { argon2SaltBytes } from '../crypto/argon2.ts'
import { equalInConstantTime, sha256 } from '../crypto/digest.ts'
import { writeDurably } from '../durable-file.ts'
import { KeyManagementError } from '../errors.ts'
import { makePrivate } from '../store/private-file.ts'
import { storageError } from '../store/storage-errors.ts'

/** Wrong PINs, and wrong SO-PINs, before the token locks. */
export const allowedTries = 10

/** Far above any vault; a larger file is not one. */
const largestFile = 4 * 1024 * 1024

const base64 = (bytes?: number) =>
  z
    .base64()
    .transform((text): Buffer => Buffer.from(text, 'base64'))
    .refine((value) => bytes === undefined || value.length === bytes)

const Box = z.strictObject({ iv: base64(aeadIvBytes), tag: base64(aeadTagBytes), ciphertext: base64() })

/**
 * The data key (32 bytes), sealed under a key derived from a PIN. The cost has an upper bound, so that a file cannot
 * exhaust the machine; a lower one is not needed, because another cost derives another key.
 */
const PinSlot = z.strictObject({
  kdf: z.strictObject({
    algorithm: z.literal('argon2id'),
    memoryKiB: z
      .number()
      .int()
      .min(8)
      .max(1024 * 1024),
    passes: z.number().int().min(1).max(16),
    lanes: z.number().int().min(1).max(4),
    salt: base64(argon2SaltBytes),
  }),
  key: Box,
})

const tries = z.number().int().min(0).max(allowedTries)

const VaultBody = z.strictObject({
  format: z.literal('groundlock-vault'),
  version: z.literal(1),
  serial: z.string().regex(/^[0-9a-f]{16}$/),
  label: z.string().min(1).max(64),
  operator: z.string().min(1).max(128),
  pinTries: tries,
  soPinTries: tries,
  pin: PinSlot,
  soPin: PinSlot,
  content: Box,
})

/** What a later version would at least look like. */
const NewerVault = z.object({
  vault: z.object({ format: z.literal('groundlock-vault'), version: z.number().min(2) }),
})

const VaultFile = z.strictObject({ vault: VaultBody, sha256: z.hex().length(64) })

export type SealedBox = z.output<typeof Box>
export type PinSlot = z.output<typeof PinSlot>
/** Everything a vault file says; nothing in it is secret without a PIN. */
export type Vault = z.output<typeof VaultBody>

export const vaultExists = (file: string): boolean => existsSync(file)

/**
 * Reads a vault. The checksum tells accidents and careless edits apart from a wrong PIN; what protects the keys
 * against everybody else is the sealing.
 * @throws KeyManagementError `token_missing`, `token_damaged` (the file is left as it is); storage errors.
 */
export function readVault(file: string): Vault {
  if (!existsSync(file)) throw missing()
  const json = parseJson(readText(file))
  const parsed = VaultFile.safeParse(json)
  if (NewerVault.safeParse(json).success)
    throw damagedVault('was written by a newer Groundlock; update this one')
  if (!parsed.success) throw damagedVault('is not a complete vault')
  const { vault } = parsed.data
  if (!equalInConstantTime(checksum(vault), Buffer.from(parsed.data.sha256, 'hex'))) {
    throw damagedVault('was changed by something other than Groundlock')
  }
  makePrivate(file)
  return vault
}

/**
 * Replaces the vault file, durably and as a whole.
 * @throws KeyManagementError `token_error` rather than write what could not be read; storage errors.
 */
export function writeVault(file: string, vault: Vault): void {
  if (!VaultBody.safeParse(plain(vault)).success) {
    throw new KeyManagementError(
      'token_error',
      'The label has 1 to 64 characters, the operator name 1 to 128.',
    )
  }
  const document = { vault: plain(vault), sha256: checksum(vault).toString('hex') }
  writeDurably(file, `${JSON.stringify(document, null, 2)}\n`)
}

/** What is bound to the keys as associated data: the token's identity, which slot it is, and what its KDF costs. */
export function associatedData(
  vault: Pick<Vault, 'serial' | 'label' | 'operator'>,
  part: string,
  kdf?: PinSlot['kdf'],
): Buffer {
  const { serial, label, operator } = vault
  const cost = kdf ? [kdf.algorithm, kdf.memoryKiB, kdf.passes, kdf.lanes, kdf.salt.toString('base64')] : []
  return Buffer.from(JSON.stringify(['groundlock-vault', 1, serial, label, operator, part, ...cost]))
}

export const damagedVault = (problem: string): KeyManagementError =>
  new KeyManagementError(
    'token_damaged',
    `The vault file ${problem}. It was left as it is. Restore it from a backup; without one its keys are lost, and moving it away lets you create a new token.`,
  )

const missing = (): KeyManagementError =>
  new KeyManagementError(
    'token_missing',
    'There is no vault file. Restore it from a backup, or create a token.',
  )

function readText(file: string): string {
  try {
    if (statSync(file).size <= largestFile) return readFileSync(file, 'utf8')
  } catch (error) {
    throw storageError(error, file)
  }
  throw damagedVault('is far too large for a vault')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const checksum = (vault: Vault): Buffer => sha256(Buffer.from(JSON.stringify(plain(vault))))

/** The vault as JSON values, its members always in the same order. */
function plain(vault: Vault): unknown {
  const box = ({ iv, tag, ciphertext }: SealedBox): unknown => ({
    iv: iv.toString('base64'),
    tag: tag.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  })
  const slot = ({ kdf, key }: PinSlot): unknown => ({
    kdf: {
      algorithm: kdf.algorithm,
      memoryKiB: kdf.memoryKiB,
      passes: kdf.passes,
      lanes: kdf.lanes,
      salt: kdf.salt.toString('base64'),
    },
    key: box(key),
  })
  const { format, version, serial, label, operator, pinTries, soPinTries } = vault
  return {
    format,
    version,
    serial,
    label,
    operator,
    pinTries,
    soPinTries,
    pin: slot(vault.pin),
    soPin: slot(vault.soPin),
    content: box(vault.content),
  }
}
