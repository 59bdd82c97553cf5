import { decode, encode } from 'cborg'
import { agentIdPattern } from '#shared/model/primitives.ts'
import { SecurityException } from '../errors.ts'
import { type Frame, FrameKind, maxFrameBytes } from './link.ts'

const version = 1
const kinds = new Set<number>(Object.values(FrameKind))

/** A frame as one binary WebSocket message: the CBOR array `[1, kind, from, to, body]` (docs/PROTOCOL.md, "Frames"). */
export function encodeFrame(frame: Frame): Uint8Array {
  return encode([version, frame.kind, frame.from, frame.to, frame.body])
}

/** Strict CBOR (RFC 8949 section 4.2): no indefinite lengths, shortest forms, no duplicate map keys, no trailing bytes. */
export function decodeStrictly(bytes: Uint8Array): unknown {
  return decode(bytes, {
    strict: true,
    allowIndefinite: false,
    rejectDuplicateMapKeys: true,
    allowUndefined: false,
    useMaps: false,
  })
}

/**
 * Reads a frame.
 * @throws SecurityException `invalid_input` naming what does not fit: size, CBOR, version, kind, address, body.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > maxFrameBytes)
    throw malformed(`is ${bytes.length} bytes; at most ${maxFrameBytes} are allowed`)
  let value: unknown
  try {
    value = decodeStrictly(bytes)
  } catch {
    throw malformed('is not one deterministic CBOR item')
  }
  if (!Array.isArray(value) || value.length !== 5) throw malformed('is not an array of five items')
  const [frameVersion, kind, from, to, body] = value as unknown[]
  if (frameVersion !== version)
    throw malformed(`has an unknown version; this gateway speaks version ${version}`)
  if (typeof kind !== 'number' || !kinds.has(kind)) throw malformed('has an unknown kind')
  if (typeof from !== 'string' || !agentIdPattern.test(from)) throw malformed('has no valid sender')
  if (typeof to !== 'string' || !agentIdPattern.test(to)) throw malformed('has no valid recipient')
  if (!(body instanceof Uint8Array)) throw malformed('has no body of bytes')
  return { kind: kind as FrameKind, from, to, body }
}

const malformed = (what: string): SecurityException =>
  new SecurityException('invalid_input', `The frame ${what}.`)
