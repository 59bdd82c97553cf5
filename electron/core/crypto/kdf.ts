import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

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
