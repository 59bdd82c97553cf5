import { encode } from 'cborg'
import { z } from 'zod'
import { decodeStrictly } from '../link/frame.ts'

/** Session identifier (32 hexadecimal digits, zeros for a handshake request), error code, text for people. */
const Hint = z.tuple([z.string().regex(/^[0-9a-f]{32}$/), z.string().max(64), z.string().max(300)])

/** The identifier of a hint about a handshake request, which the sender of the hint could not read. */
export const noSession = '0'.repeat(32)

/** Body of a `hint` frame. It is not authenticated end to end, so it may start something again but never end a session. */
export const writeHint = (sessionId: string, code: string, message: string): Uint8Array =>
  encode([sessionId, code, message.slice(0, 300)])

/** Reads a hint; null if it is none. */
export function readHint(body: Uint8Array): z.infer<typeof Hint> | null {
  try {
    return Hint.parse(decodeStrictly(body))
  } catch {
    return null
  }
}
