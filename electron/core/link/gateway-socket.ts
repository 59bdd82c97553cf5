import type { PeerCertificate, SecureContext } from 'node:tls'
import { type ClientOptions, WebSocket } from 'ws'
import { CertificateError } from '../errors.ts'
import { checkGatewayIdentity } from './gateway-trust.ts'
import { maxFrameBytes } from './link.ts'

/**
 * Opens a WebSocket to the gateway that trusts only the fleet's root and, under it, only the gateway. `checkGateway`
 * gets the certificate (DER) and answers why it is refused, or null.
 */
export function openGatewaySocket(
  url: URL,
  context: SecureContext,
  checkGateway: (certificate: Uint8Array) => string | null,
): WebSocket {
  const options = {
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: maxFrameBytes,
    secureContext: context,
    checkServerIdentity: (_: string, certificate: PeerCertificate): Error | undefined => {
      const mismatch = checkGatewayIdentity(certificate.raw)
      if (mismatch) return mismatch
      const refusal = checkGateway(certificate.raw)
      return refusal === null ? undefined : new CertificateError('certificate_revoked', refusal)
    },
  }
  // The type definitions say that the check answers a boolean; `ws` hands it to `tls`, which wants an error or nothing.
  return new WebSocket(url, options as unknown as ClientOptions)
}
