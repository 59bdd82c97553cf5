import { decode } from 'cborg'
import { agentIdPattern } from '#shared/model/primitives.ts'
import { SecurityException } from '../errors.ts'
import { CborMismatch, CborReader, CborWriter } from './deterministic-cbor.ts'
import { type Frame, FrameKind, maxFrameBytes } from './link.ts'

const version = 1
const kinds = new Set<number>(Object.values(FrameKind))

/** A frame as one binary WebSocket message: the CBOR array `[1, kind, from, to, body]` (docs/PROTOCOL.md, "Frames"). */
export function encodeFrame(frame: Frame): Uint8Array {
  const { kind, from, to, body } = frame
  // A character of a name takes at most three bytes.
  const writer = new CborWriter(6, body.length + 3 * (from.length + to.length))
  return writer.array(5).unsigned(version).unsigned(kind).text(from).text(to).bytes(body).done()
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
 * Reads a frame. Its body is a view of `bytes`.
 * @throws SecurityException `invalid_input` naming what does not fit: size, CBOR, version, kind, address, body.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > maxFrameBytes)
    throw malformed(`is ${bytes.length} bytes; at most ${maxFrameBytes} are allowed`)
  const [frameVersion, kind, from, to, body] = readItems(bytes)
  if (frameVersion !== version)
    throw malformed(`has an unknown version; this gateway speaks version ${version}`)
  if (!kinds.has(kind)) throw malformed('has an unknown kind')
  if (!agentIdPattern.test(from)) throw malformed('has no valid sender')
  if (!agentIdPattern.test(to)) throw malformed('has no valid recipient')
  return { kind: kind as FrameKind, from, to, body }
}

function readItems(bytes: Uint8Array): [number, number, string, string, Uint8Array] {
  try {
    const reader = new CborReader(bytes)
    reader.array(5)
    const items: [number, number, string, string, Uint8Array] = [
      reader.unsigned(),
      reader.unsigned(),
      reader.asciiText(),
      reader.asciiText(),
      reader.bytes(),
    ]
    reader.end()
    return items
  } catch (error) {
    const what = error instanceof CborMismatch ? error.message : 'unreadable'
    throw malformed(`is not the deterministic CBOR of two numbers, two names and a body: ${what}`)
  }
}

const malformed = (what: string): SecurityException =>
  new SecurityException('invalid_input', `The frame ${what}.`)
