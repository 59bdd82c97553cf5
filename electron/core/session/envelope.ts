import { encode } from 'cborg'
import { z } from 'zod'
import { AgentId, SecurityLevel } from '#shared/model/primitives.ts'
import { aeadIvBytes, aeadTagBytes, open, seal } from '../crypto/aead.ts'
import { equalInConstantTime } from '../crypto/digest.ts'
import { AuthenticationError } from '../errors.ts'
import { decodeStrictly } from '../link/frame.ts'
import { type DirectionKey, messageIv } from './key-schedule.ts'

/** Type of a message: a word of the application, or of the engine (`session.`, `groundlock.`). At most 64 characters. */
export const messageTypePattern = /^[a-z][a-z0-9_.-]{0,63}$/

const bytes = (length: number): z.ZodType<Uint8Array> =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length)

/** Version, session id (16), sender, recipient, sequence, key version, level, type, time (ms), priority. */
const HeaderFields = z.tuple([
  z.literal(1),
  bytes(16),
  AgentId,
  AgentId,
  z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  z.number().int().min(1).max(0xffff_ffff),
  SecurityLevel,
  z.string().regex(messageTypePattern),
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  z.number().int().min(1).max(5),
])

/** What everybody on the way can read and nobody can change: the header is the associated data of the seal. */
export interface Header {
  /** 32 hexadecimal digits. */
  readonly sessionId: string
  readonly senderId: string
  readonly recipientId: string
  readonly sequenceNumber: number
  readonly keyVersion: number
  readonly securityLevel: SecurityLevel
  readonly messageType: string
  /** Milliseconds since 1970-01-01T00:00:00Z when it was sealed. */
  readonly timestamp: number
  /** 1 low to 5 critical. */
  readonly priority: number
}

/** The spec's EncryptedMessage as it came off the link, beside the exact header bytes that are authenticated. */
export interface EncryptedMessage extends Header {
  readonly encryptedPayload: Uint8Array
  /** 12 bytes. */
  readonly initializationVector: Uint8Array
  /** 16 bytes. */
  readonly authenticationTag: Uint8Array
  readonly headerBytes: Uint8Array
}

const WireEnvelope = z.tuple([
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= 512),
  bytes(aeadIvBytes),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  bytes(aeadTagBytes),
])

/** Seals a payload and gives the body of a message frame: CBOR `[header, iv, ciphertext, tag]`. */
export function sealEnvelope(direction: DirectionKey, header: Header, payload: Uint8Array): Uint8Array {
  const headerBytes = encode([
    1,
    Buffer.from(header.sessionId, 'hex'),
    header.senderId,
    header.recipientId,
    header.sequenceNumber,
    header.keyVersion,
    header.securityLevel,
    header.messageType,
    header.timestamp,
    header.priority,
  ])
  const iv = messageIv(direction.ivBase, header.sequenceNumber)
  const { ciphertext, tag } = seal(direction.key, iv, headerBytes, payload)
  return encode([headerBytes, iv, ciphertext, tag])
}

/** Reads the body of a message frame without opening it; null if it is not an envelope. */
export function readEnvelope(body: Uint8Array): EncryptedMessage | null {
  try {
    const wire = WireEnvelope.parse(decodeStrictly(body))
    const header = HeaderFields.parse(decodeStrictly(wire[0]))
    return {
      sessionId: Buffer.from(header[1]).toString('hex'),
      senderId: header[2],
      recipientId: header[3],
      sequenceNumber: header[4],
      keyVersion: header[5],
      securityLevel: header[6],
      messageType: header[7],
      timestamp: header[8],
      priority: header[9],
      headerBytes: wire[0],
      initializationVector: wire[1],
      encryptedPayload: wire[2],
      authenticationTag: wire[3],
    }
  } catch {
    return null
  }
}

/**
 * Opens a message. The IV on the wire has to be the one that the sequence number gives, so that nobody chooses IVs.
 * @throws AuthenticationError when anything about it was changed.
 */
export function openEnvelope(direction: DirectionKey, message: EncryptedMessage): Buffer {
  const iv = messageIv(direction.ivBase, message.sequenceNumber)
  if (!equalInConstantTime(iv, message.initializationVector)) {
    throw new AuthenticationError('authentication_failed', 'The IV is not the one of the sequence number.')
  }
  return open(direction.key, iv, message.headerBytes, {
    ciphertext: message.encryptedPayload,
    tag: message.authenticationTag,
  })
}
