import { request } from 'node:https'
import type { PeerCertificate, SecureContext } from 'node:tls'
import type { Clock } from '../clock.ts'
import { SecurityException } from '../errors.ts'
import { checkGatewayIdentity, explainFailure } from './gateway-trust.ts'

export interface GatewayRequest {
  readonly gateway: URL
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
  /** Null: take any certificate. Only for fetching the root, which is then compared with its fingerprint. */
  readonly context: SecureContext | null
  readonly clock: Clock
  readonly timeoutMilliseconds: number
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

export interface GatewayAnswer {
  readonly status: number
  readonly body: Buffer
}

/**
 * One HTTPS request to the gateway, its answer bounded in time and size.
 * @throws SecurityException `agent_unreachable`, certificate_*; the signal's reason if it was aborted
 */
export async function askGateway(options: GatewayRequest): Promise<GatewayAnswer> {
  const { gateway, method, path, body, context, clock, timeoutMilliseconds, maxBytes, signal } = options
  signal?.throwIfAborted()
  const text = body && JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, gateway), {
      method,
      agent: false,
      ...(text !== undefined && {
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      }),
      ...(context === null
        ? { rejectUnauthorized: false, minVersion: 'TLSv1.3' as const }
        : {
            secureContext: context,
            checkServerIdentity: (_: string, certificate: PeerCertificate) =>
              checkGatewayIdentity(certificate.raw),
          }),
      signal,
    })
    const cancelTimeout = clock.after(timeoutMilliseconds, () => {
      outgoing.destroy(new SecurityException('agent_unreachable', 'The gateway did not answer in time.'))
    })
    const fail = (error: unknown): void => {
      cancelTimeout()
      if (signal?.aborted) reject(signal.reason as Error)
      else reject(asSecurityException(error))
    }
    outgoing.once('error', fail)
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes)
          outgoing.destroy(new SecurityException('invalid_input', 'The gateway’s answer is too long.'))
        else chunks.push(chunk)
      })
      response.once('error', fail)
      response.once('end', () => {
        cancelTimeout()
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })
      })
    })
    outgoing.end(text)
  })
}

function asSecurityException(error: unknown): SecurityException {
  if (error instanceof SecurityException) return error
  const { code, message } = explainFailure(error)
  return new SecurityException(code, message, { cause: error })
}
