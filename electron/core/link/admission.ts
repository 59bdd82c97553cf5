import type { ErrorCode } from '#shared/errors.ts'
import { agentIdPattern } from '#shared/model/primitives.ts'
import { gatewayName } from './link.ts'
import type { FleetDirectory } from './surroundings.ts'

export type Admission =
  | { readonly ok: true; readonly agentId: string; readonly certificate: Uint8Array }
  | {
      readonly ok: false
      readonly agentId: string | null
      readonly code: ErrorCode
      readonly message: string
    }

/** The agent named in `/ws/{agentId}`; null if the path is another or names none. */
export function agentOfPath(path: string | undefined): string | null {
  const name = /^\/ws\/([^/?#]+)$/.exec(path ?? '')?.[1]
  return name !== undefined && agentIdPattern.test(name) ? name : null
}

/**
 * Decides whether the holder of `certificate` may connect as `claimed`. TLS 1.3 has already proved that the peer holds
 * the certificate's key (RFC 8446 section 4.4.3); what the certificate is worth is decided here.
 */
export function admit(claimed: string, certificate: Uint8Array | null, directory: FleetDirectory): Admission {
  if (certificate === null) {
    return refuse(
      null,
      'authentication_failed',
      'No client certificate was presented. Enrol first, then connect with the certificate and its key.',
    )
  }
  const validation = directory.validate(certificate)
  const proved = validation.trustChainValid ? (validation.identity?.agentId ?? null) : null
  if (!validation.isValid || validation.failure !== null) {
    const code = validation.failure ?? 'certificate_invalid'
    return refuse(proved, code, validation.validationErrors[0] ?? 'The certificate was refused.')
  }
  if (proved === null) return refuse(null, 'certificate_invalid', 'The certificate names no agent.')
  if (proved === directory.consoleAgent || proved === gatewayName) {
    return refuse(
      proved,
      'certificate_identity_mismatch',
      `${proved} is part of the console and does not connect from outside.`,
    )
  }
  if (proved !== claimed) {
    return refuse(
      proved,
      'certificate_identity_mismatch',
      `The certificate is that of ${proved}, and it may connect only as ${proved}.`,
    )
  }
  return { ok: true, agentId: proved, certificate }
}

const refuse = (agentId: string | null, code: ErrorCode, message: string): Admission => ({
  ok: false,
  agentId,
  code,
  message,
})
