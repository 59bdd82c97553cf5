import { createSecureContext, type SecureContext } from 'node:tls'
import type { ErrorCode } from '#shared/errors.ts'
import { certificateFacts } from '../ca/certificate-facts.ts'
import { agreedIdentity, type CertificateIdentity } from '../ca/identity.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import { gatewayName } from './link.ts'

/**
 * Reads the gateway's address, `https://host:port`.
 * @throws SecurityException `invalid_input` for anything else
 */
export function gatewayAddress(text: string): URL {
  const url = URL.parse(text)
  const bare =
    url?.protocol === 'https:' &&
    url.pathname === '/' &&
    !url.search &&
    !url.hash &&
    !url.username &&
    !url.password
  if (url && bare) return url
  throw new SecurityException(
    'invalid_input',
    'The gateway is given as https://host:port, for example https://127.0.0.1:7443.',
  )
}

/**
 * TLS 1.3 towards the gateway, trusting the fleet's root and nothing else. The key is not kept: the caller may fill it
 * with zeros afterwards.
 * @throws SecurityException `certificate_invalid` if root, certificate or key cannot be used
 */
export function fleetContext(own: {
  trustAnchor: string
  key?: Buffer
  certificate?: string
}): SecureContext {
  try {
    const { trustAnchor, key, certificate } = own
    return createSecureContext({
      ca: trustAnchor,
      minVersion: 'TLSv1.3',
      ...(key && { key }),
      ...(certificate && { cert: certificate }),
    })
  } catch (error) {
    const message =
      'The root certificate, the agent’s certificate or its key cannot be used together. Enrol the agent again.'
    throw new SecurityException('certificate_invalid', message, { cause: error })
  }
}

/**
 * Whether a certificate (DER) that the root issued is the gateway's. Its name is the URI and not the host: the gateway
 * may be reached under many addresses, and an agent's certificate, which the same root issued, must never pass for it.
 * @returns why not, for `checkServerIdentity`
 */
export function checkGatewayIdentity(certificate: Uint8Array): Error | undefined {
  const identity = identityOf(certificate)
  if (identity?.profile === 'gateway' && identity.agentId === gatewayName) return undefined
  const message = 'Whoever answers there has a certificate of the fleet, but not the gateway’s.'
  return new CertificateError('certificate_identity_mismatch', message)
}

/** Taken from the DER: Node's text of the alternative names cannot be split safely. */
function identityOf(certificate: Uint8Array): CertificateIdentity | null {
  try {
    const { uris, commonNames } = certificateFacts(certificate)
    return agreedIdentity(uris, commonNames)
  } catch {
    return null
  }
}

/** OpenSSL's verification results that mean: not the fleet's root. */
const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

/** A failed connection to the gateway as a code and a sentence. */
export function explainFailure(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (error instanceof SecurityException) return { code: error.code, message: error.message }
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  if (untrusted.has(code))
    return {
      code: 'certificate_untrusted',
      message: 'The gateway’s certificate was not issued by the fleet’s root.',
    }
  if (code === 'CERT_HAS_EXPIRED')
    return { code: 'certificate_expired', message: 'The gateway’s certificate has expired.' }
  if (code === 'CERT_NOT_YET_VALID' || code === 'INVALID_PURPOSE') {
    return {
      code: 'certificate_invalid',
      message: 'The gateway’s certificate is not valid for a gateway now. Check this clock.',
    }
  }
  return {
    code: 'agent_unreachable',
    message: `The gateway does not answer${/^[A-Z_]+$/.test(code) ? ` (${code})` : ''}.`,
  }
}
