import type { ProtectionLevel } from '#shared/model/console.ts'

/** What a key on a token may be. Names follow the spec's key pair algorithms. */
export type TokenKeyAlgorithm = 'ECDSA-P384' | 'RSA-4096' | 'AES-256'

/**
 * How a token signs. Both take the whole message and hash it. ECDSA answers `r || s` (96 bytes for P-384), the form
 * of PKCS#11 and WebCrypto; who needs DER converts.
 */
export type SignMechanism = 'ECDSA-SHA384' | 'RSA-PKCS1-SHA384'

/** A handle to a key that stays in its token. It holds no key bytes and cannot be turned into any. */
export interface TokenKey {
  /** Stable identifier inside the token (CKA_ID), 32 hexadecimal digits. */
  readonly id: string
  readonly label: string
  readonly algorithm: TokenKeyAlgorithm
  readonly attributes: {
    readonly sensitive: boolean
    readonly extractable: boolean
    readonly neverExtractable: boolean
    readonly local: boolean
  }
}

export interface TokenInfo {
  readonly label: string
  readonly serial: string
  readonly model: string
  readonly protection: ProtectionLevel
  /** The name of the person the token was made for. */
  readonly operator: string
  readonly loggedIn: boolean
  /** Wrong PINs left before the token locks; null where the token does not tell. */
  readonly triesLeft: number | null
  readonly pinLocked: boolean
}

/**
 * A cryptographic token: the software vault here, PKCS#11 beside it. Everything except `info` and the PIN calls needs
 * a login and otherwise throws KeyManagementError `not_signed_in`. PINs are byte buffers that the token fills with
 * zeros when it is done. Calls may run at once; the token orders them.
 */
export interface Token {
  info(): TokenInfo
  /** @throws PinError `pin_incorrect` with the tries left, `pin_locked`. Never retries by itself. */
  login(pin: Buffer): Promise<void>
  /** Forgets the keys in memory. Safe to call when logged out. */
  logout(): Promise<void>
  /** Changes the PIN; verifies the old one and counts a wrong one. Works logged in or out. */
  changePin(pin: Buffer, newPin: Buffer): Promise<void>
  /** Sets a new PIN with the SO-PIN and lifts the lock. A wrong SO-PIN is counted as well. */
  unblock(soPin: Buffer, newPin: Buffer): Promise<void>
  /** Makes a key in the token: sensitive, never extractable. Durable when it returns. */
  generateKey(algorithm: TokenKeyAlgorithm, label: string): Promise<TokenKey>
  find(query: { readonly id?: string; readonly label?: string }): Promise<TokenKey[]>
  /** SubjectPublicKeyInfo, DER. */
  publicKey(key: TokenKey): Promise<Buffer>
  sign(key: TokenKey, mechanism: SignMechanism, message: Uint8Array): Promise<Buffer>
  /** Seals `secret` under an AES-256 key of the token; `context` is bound as associated data. */
  wrap(key: TokenKey, secret: Uint8Array, context: Uint8Array): Promise<Buffer>
  /** Opens what `wrap` sealed, in a buffer of its own. @throws KeyManagementError if sealed under another key or context. */
  unwrap(key: TokenKey, sealed: Uint8Array, context: Uint8Array): Promise<Buffer>
  destroy(key: TokenKey): Promise<void>
  random(length: number): Promise<Buffer>
}
