import type { ErrorCode } from '#shared/errors.ts'

/**
 * The spec's exception hierarchy (security-encryption-api, "Error Handling"). `message` is for people: what was
 * wrong and what to do. It crosses the contract, so it never holds a secret, a stack, a path of the engine or raw
 * driver text. `cause` stays inside.
 */
export class SecurityException extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Encryption or decryption failed. */
export class EncryptionError extends SecurityException {}
/** A message, a peer or an operator could not be authenticated. */
export class AuthenticationError extends SecurityException {}
/** A key or token operation failed. */
export class KeyManagementError extends SecurityException {}
/** A certificate, request or revocation list was refused. */
export class CertificateError extends SecurityException {}
/** A message was refused by the replay window or the freshness rule. */
export class ReplayAttackError extends SecurityException {}

/** A PIN was refused. `triesLeft` is null where the token does not tell. */
export class PinError extends AuthenticationError {
  readonly triesLeft: number | null

  constructor(
    code: 'pin_incorrect' | 'pin_locked' | 'pin_unsuitable',
    message: string,
    triesLeft: number | null,
  ) {
    super(code, message)
    this.triesLeft = triesLeft
  }
}
