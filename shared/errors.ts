/**
 * The closed set of error codes that cross the contract. A screen may switch over them; a new code is a change
 * of the contract. The text beside a code is for people and says what to do next.
 */
export const errorCodes = [
  /** The operation's name is not in the contract. */
  'unknown_operation',
  /** The input does not fit the operation's schema. */
  'invalid_input',
  /** Nobody is signed in. */
  'not_signed_in',
  /** Somebody is signed in whose role does not allow this. */
  'not_allowed',
  /** Too many calls in a short time. */
  'rate_limited',
  'pin_incorrect',
  'pin_locked',
  'pin_unsuitable',
  'token_missing',
  'token_exists',
  /** The vault file cannot be read as a vault. */
  'token_damaged',
  'token_error',
  'authority_missing',
  'authority_exists',
  'csr_malformed',
  'csr_signature_invalid',
  'csr_key_unsupported',
  'name_not_allowed',
  'already_enrolled',
  'certificate_invalid',
  'certificate_expired',
  'certificate_revoked',
  'certificate_untrusted',
  'certificate_identity_mismatch',
  /** The thing named does not exist. */
  'not_found',
  /** The thing exists but is in a state that does not allow this. */
  'conflict',
  /** The typed confirmation does not match the target's name. */
  'confirmation_mismatch',
  'agent_unreachable',
  'session_failed',
  'encryption_failed',
  'authentication_failed',
  'replay_refused',
  'configuration_invalid',
  'database_damaged',
  'database_newer',
  'storage_full',
  'storage_read_only',
  'port_in_use',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** An error as a value, the only form in which one leaves the engine. */
export interface Failure {
  readonly ok: false
  readonly code: ErrorCode
  /** What was wrong and what to do; never a stack, a path or a secret. */
  readonly message: string
  /** Finds the engine's log line for an `internal` error. */
  readonly correlationId: string
}

/** What a call across the contract answers. */
export type Reply<Value = unknown> = { readonly ok: true; readonly value: Value } | Failure
