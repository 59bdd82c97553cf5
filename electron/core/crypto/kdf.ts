import { createHmac, createSecretKey, hkdfSync, type KeyObject, pbkdf2, pbkdf2Sync } from 'node:crypto'
import { promisify } from 'node:util'
import { EncryptionError } from '../errors.ts'
import { type Argon2Cost, argon2Default } from './argon2.ts'
import { type HashName, hashes, hashNames } from './algorithms.ts'
import { requireBytes, requireInteger, requireName, requireObject } from './input.ts'
import type { Providers } from './providers.ts'
import { platformProviders } from './registry.ts'
import { SecretKey } from './secret-key.ts'

/** HKDF-SHA384 (RFC 5869), extract and expand in one. `length` bytes in a buffer of their own. */
export function hkdfSha384(
  secret: Uint8Array | KeyObject,
  salt: Uint8Array,
  info: string,
  length: number,
): Buffer {
  const key = secret instanceof Uint8Array ? createSecretKey(secret) : secret
  return Buffer.from(hkdfSync('sha384', key, salt, Buffer.from(info, 'utf8'), length))
}

/** HMAC-SHA384 (RFC 2104, FIPS 198-1), 48 bytes. */
export function hmacSha384(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha384', createSecretKey(key)).update(data).digest()
}

/** `info` of HKDF: RFC 5869 sets no limit, OpenSSL and BoringSSL do. */
const maxInfoBytes = 1024

/**
 * HKDF (RFC 5869), extract and expand in one: `length` bytes, 1 to 255 times the hash's, in a buffer of their own
 * that the caller fills with zeros or hands to `SecretKey.take`. `info` is at most 1024 bytes.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export function hkdf(
  hash: HashName,
  secret: SecretKey | Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Buffer {
  requireName(EncryptionError, 'hash', hash, hashNames)
  requireBytes(EncryptionError, 'salt', salt)
  requireBytes(EncryptionError, 'info', info, { max: maxInfoBytes })
  requireInteger(EncryptionError, 'length', length, 1, 255 * hashes[hash].bytes)
  const key = derivationKey(secret)
  return Buffer.from(hkdfSync(hashes[hash].node, key, salt, info, length))
}

function derivationKey(secret: unknown): KeyObject {
  if (secret instanceof SecretKey) {
    if (secret.algorithm === 'HKDF') return secret.keyObject
    throw new EncryptionError(
      'invalid_input',
      `sharedSecret must be a key of HKDF; given was one of ${secret.algorithm}.`,
    )
  }
  requireBytes(EncryptionError, 'sharedSecret', secret)
  return createSecretKey(secret as Uint8Array)
}

/** Fewer iterations of PBKDF2 the engine does not use for anything of its own. */
export const leastPbkdf2Iterations = 100_000
export const mostPbkdf2Iterations = 10_000_000

const stretch = promisify(pbkdf2)

/** What PBKDF2 takes. `length` is the bytes wanted, 1 to 1024; `salt` is at most 1024 bytes. */
export interface Pbkdf2Input {
  readonly hash: HashName
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly iterations: number
  readonly length: number
}

/**
 * PBKDF2 with HMAC (RFC 8018 section 5.2), off the main thread; 100,000 iterations or more and 16 bytes of salt or more.
 * The bytes are in a buffer of their own that the caller fills with zeros.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export function derivePbkdf2(input: Pbkdf2Input): Promise<Buffer> {
  return checked(input, leastPbkdf2Iterations, 16)
}

/**
 * The same with as few iterations as whoever wrote a foreign key file chose, to read it: `openssl pkcs8` writes 2048.
 * Never for anything that the engine writes.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export function deriveForeignPbkdf2(input: Pbkdf2Input): Promise<Buffer> {
  return checked(input, 1, 0)
}

/** For the self-test, which does not wait: PBKDF2 at once, unchecked. */
export const pbkdf2Now = (
  hash: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Buffer => pbkdf2Sync(password, salt, iterations, length, hashes[hash].node)

async function checked(input: Pbkdf2Input, leastIterations: number, leastSalt: number): Promise<Buffer> {
  requireObject(EncryptionError, 'input', input)
  const { hash, password, salt, iterations, length } = input
  requireName(EncryptionError, 'hash', hash, hashNames)
  requireBytes(EncryptionError, 'password', password)
  requireBytes(EncryptionError, 'salt', salt, { min: leastSalt, max: 1024 })
  requireInteger(EncryptionError, 'iterations', iterations, leastIterations, mostPbkdf2Iterations)
  requireInteger(EncryptionError, 'length', length, 1, 1024)
  return ownBytes(await stretch(password, salt, iterations, length, hashes[hash].node))
}

/** Bounds of what one derivation may cost: 1 GiB, 64 passes, 16 lanes. RFC 9106 wants 8 KiB for each lane. */
const most: Argon2Cost = { memoryKiB: 1024 * 1024, passes: 64, lanes: 16 }

/**
 * Argon2id, version 0x13 (RFC 9106), off the main thread: `length` bytes, 4 to 1024, from a passphrase and a salt of
 * 8 to 1024 bytes, in a buffer of their own that the caller fills with zeros.
 * @throws EncryptionError `invalid_input` naming the parameter
 */
export async function deriveArgon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost = argon2Default,
  length = 32,
  providers: Providers = platformProviders(),
): Promise<Buffer> {
  requireBytes(EncryptionError, 'passphrase', passphrase)
  requireBytes(EncryptionError, 'salt', salt, { min: 8, max: 1024 })
  requireObject(EncryptionError, 'cost', cost)
  requireInteger(EncryptionError, 'cost.lanes', cost.lanes, 1, most.lanes)
  requireInteger(EncryptionError, 'cost.passes', cost.passes, 1, most.passes)
  requireInteger(EncryptionError, 'cost.memoryKiB', cost.memoryKiB, 8 * cost.lanes, most.memoryKiB)
  requireInteger(EncryptionError, 'length', length, 4, 1024)
  return ownBytes(await providers.argon2id.derive(passphrase, salt, cost, length))
}

/** Moves a secret out of memory it may share. */
function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.byteLength) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  own.set(bytes)
  bytes.fill(0)
  return own
}
