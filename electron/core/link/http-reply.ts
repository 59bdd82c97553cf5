import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ErrorCode } from '#shared/errors.ts'

/** The HTTP status that says the same as an error code; what is not listed is the peer's mistake: 400. */
const statuses: Partial<Record<ErrorCode, number>> = {
  authentication_failed: 401,
  certificate_invalid: 401,
  certificate_untrusted: 401,
  certificate_expired: 401,
  certificate_revoked: 403,
  certificate_identity_mismatch: 403,
  not_allowed: 403,
  name_not_allowed: 403,
  not_found: 404,
  already_enrolled: 409,
  conflict: 409,
  rate_limited: 429,
  internal: 500,
  authority_missing: 503,
  not_signed_in: 503,
  storage_full: 503,
  storage_read_only: 503,
  database_damaged: 503,
}

export const statusOf = (code: ErrorCode): number => statuses[code] ?? 400

/** Headers of every answer: nothing here is for a browser, a cache or a frame. */
const alwaysSent = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export function replyWith(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, { ...alwaysSent, 'content-type': type, 'content-length': length, ...headers })
  response.end(body)
}

export function replyWithJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  replyWith(response, status, 'application/json', JSON.stringify(value), headers)
}

/**
 * Refuses on the bare socket, where Node has no response object: an upgrade, or bytes that are no HTTP request. Writes
 * the whole answer, then ends; a peer that does not read is cut off with its connection's timeout.
 */
export function refuseOnSocket(socket: Duplex, status: number, code: ErrorCode, message: string): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify({ code, message })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
