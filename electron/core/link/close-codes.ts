import type { ErrorCode } from '#shared/errors.ts'

/** Why the gateway closes an agent's WebSocket (RFC 6455 section 7.4.2: 4000-4999 are private). */
export const CloseCode = {
  /** The gateway stops (RFC 6455's own code). */
  goingAway: 1001,
  malformed: 4400,
  /** The certificate is no longer good: revoked, expired, or its agent was declared compromised. */
  notTrusted: 4403,
  /** Answers no ping, or does not read what is sent to it. */
  notKeepingUp: 4408,
  /** The same agent, with the same proof, connected anew. */
  replaced: 4409,
  tooBig: 4413,
  tooFast: 4429,
} as const
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

/** A control frame's payload is at most 125 bytes, two of which are the code (RFC 6455 section 5.5). */
const maxReasonBytes = 123

/** `<error code>: <text>`, cut to what a close frame can carry. Only ASCII is cut safely, and only ASCII is passed. */
export function closeReason(code: ErrorCode, message: string): string {
  return `${code}: ${message}`
    .replaceAll('’', "'")
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, maxReasonBytes)
}
