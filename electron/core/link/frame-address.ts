import { agentIdPattern } from '#shared/model/primitives.ts'
import { SecurityException } from '../errors.ts'

/** What the gateway reads of a frame: the addresses. The body stays unread and uncopied. */
export interface FrameAddress {
  /** Any number from 0 to 23; the caller decides which kinds it relays. */
  readonly kind: number
  readonly from: string
  readonly to: string
}

const longestName = 63

/**
 * Reads the head of a frame in place. A frame is the deterministic CBOR array `[1, kind, from, to, body]`
 * (RFC 8949 section 4.2.1), so each item has one possible encoding, and the head is read byte by byte: a
 * fifth of the time of the decoder, which also copies the body, on the path that every relayed message takes. Accepts
 * exactly what `decodeFrame` accepts, and kinds that are not known yet.
 * @throws SecurityException `invalid_input` naming what does not fit.
 */
export function readFrameAddress(bytes: Uint8Array): FrameAddress {
  const frame = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (frame[0] !== 0x85) throw malformed('is not an array of five items')
  if (frame[1] !== 1) throw malformed('has an unknown version; this gateway speaks version 1')
  const kind = frame[2]
  if (kind === undefined || kind > 23) throw malformed('has no valid kind')
  const from = readName(frame, 3, 'sender')
  const to = readName(frame, from.end, 'recipient')
  if (bodyEnd(frame, to.end) !== frame.length) throw malformed('does not end where its body ends')
  return { kind, from: from.text, to: to.text }
}

/** A text string (major type 3) that is an agent's name; all its characters are ASCII. */
function readName(frame: Buffer, start: number, what: string): { text: string; end: number } {
  const head = frame[start] ?? 0
  let length = head - 0x60
  let from = start + 1
  if (head === 0x78) {
    length = frame[from] ?? 0
    from += 1
    if (length < 24) throw malformed(`has no valid ${what}`)
  } else if (length < 0 || length > 23) throw malformed(`has no valid ${what}`)
  const end = from + length
  if (length > longestName || end > frame.length) throw malformed(`has no valid ${what}`)
  const text = frame.toString('latin1', from, end)
  if (!agentIdPattern.test(text)) throw malformed(`has no valid ${what}`)
  return { text, end }
}

/** Where a byte string (major type 2) that starts at `start` ends, its length in the shortest form; -1 if it is none. */
function bodyEnd(frame: Buffer, start: number): number {
  const head = frame[start] ?? 0
  if (head >= 0x40 && head <= 0x57) return start + 1 + (head - 0x40)
  const width = head === 0x58 ? 1 : head === 0x59 ? 2 : head === 0x5a ? 4 : 0
  if (width === 0 || start + 1 + width > frame.length) return -1
  let length = 0
  for (let index = 1; index <= width; index += 1) length = length * 256 + (frame[start + index] ?? 0)
  const shortest = width === 1 ? 24 : width === 2 ? 0x100 : 0x10000
  return length < shortest ? -1 : start + 1 + width + length
}

const malformed = (what: string): SecurityException =>
  new SecurityException('invalid_input', `The frame ${what}.`)
