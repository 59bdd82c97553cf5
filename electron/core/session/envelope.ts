import { agentIdPattern, SecurityLevel } from '#shared/model/primitives.ts'
import { aeadIvBytes, aeadTagBytes, open, seal } from '../crypto/aead.ts'
import { equalInConstantTime } from '../crypto/digest.ts'
import { AuthenticationError } from '../errors.ts'
import { CborMismatch, CborReader, CborWriter } from '../link/deterministic-cbor.ts'
import { type DirectionKey, messageIv } from './key-schedule.ts'

/** Type of a message: a word of the application, or of the engine (`session.`, `groundlock.`). At most 64 characters. */
export const messageTypePattern = /^[a-z][a-z0-9_.-]{0,63}$/

const version = 1
const sessionIdBytes = 16
const maxHeaderBytes = 512
const maxKeyVersion = 0xffff_ffff
const levels: ReadonlySet<string> = new Set(SecurityLevel.options)

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
  /** At most 512 bytes. */
  readonly headerBytes: Uint8Array
}

/** Seals a payload and gives the body of a message frame: CBOR `[header, iv, ciphertext, tag]`. */
export function sealEnvelope(direction: DirectionKey, header: Header, payload: Uint8Array): Uint8Array {
  const headerBytes = writeHeader(header)
  const iv = messageIv(direction.ivBase, header.sequenceNumber, ivInUse)
  const { ciphertext, tag } = seal(direction.key, iv, headerBytes, payload)
  const content = headerBytes.length + iv.length + ciphertext.length + tag.length
  return new CborWriter(5, content).array(4).bytes(headerBytes).bytes(iv).bytes(ciphertext).bytes(tag).done()
}

/** Version, session id (16 bytes), sender, recipient, sequence, key version, level, type, time (ms), priority. */
function writeHeader(header: Header): Uint8Array {
  return new CborWriter(11, maxHeaderBytes)
    .array(10)
    .unsigned(version)
    .hexBytes(header.sessionId)
    .text(header.senderId)
    .text(header.recipientId)
    .unsigned(header.sequenceNumber)
    .unsigned(header.keyVersion)
    .text(header.securityLevel)
    .text(header.messageType)
    .unsigned(header.timestamp)
    .unsigned(header.priority)
    .done()
}

/** Reads the body of a message frame without opening it; null if it is not an envelope. What it gives are views of `body`. */
export function readEnvelope(body: Uint8Array): EncryptedMessage | null {
  try {
    const wire = new CborReader(body)
    wire.array(4)
    const headerBytes = wire.bytes()
    const initializationVector = wire.bytesOf(aeadIvBytes)
    const encryptedPayload = wire.bytes()
    const authenticationTag = wire.bytesOf(aeadTagBytes)
    wire.end()
    if (headerBytes.length > maxHeaderBytes) return null
    const header = readHeader(headerBytes)
    return { ...header, headerBytes, initializationVector, encryptedPayload, authenticationTag }
  } catch (error) {
    if (error instanceof CborMismatch) return null
    throw error
  }
}

function readHeader(bytes: Uint8Array): Header {
  const reader = new CborReader(bytes)
  reader.array(10)
  inRange(reader.unsigned(), version, version)
  const header: Header = {
    sessionId: reader.hexOf(sessionIdBytes),
    senderId: matching(reader.asciiText(), agentIdPattern),
    recipientId: matching(reader.asciiText(), agentIdPattern),
    sequenceNumber: inRange(reader.unsigned(), 1, Number.MAX_SAFE_INTEGER),
    keyVersion: inRange(reader.unsigned(), 1, maxKeyVersion),
    securityLevel: securityLevel(reader.asciiText()),
    messageType: matching(reader.asciiText(), messageTypePattern),
    timestamp: reader.unsigned(),
    priority: inRange(reader.unsigned(), 1, 5),
  }
  reader.end()
  return header
}

function inRange(value: number, least: number, most: number): number {
  if (value < least || value > most) throw new CborMismatch(`not from ${least} to ${most}`)
  return value
}

function matching(text: string, pattern: RegExp): string {
  if (!pattern.test(text)) throw new CborMismatch('not a name')
  return text
}

function securityLevel(text: string): SecurityLevel {
  if (!levels.has(text)) throw new CborMismatch('not a security level')
  return text as SecurityLevel
}

/** The IV of the call that runs: sealing and opening are synchronous, and a cipher copies its IV when it is made. */
const ivInUse = Buffer.alloc(aeadIvBytes)

/**
 * Opens a message. The IV on the wire has to be the one that the sequence number gives, so that nobody chooses IVs.
 * @throws AuthenticationError when anything about it was changed.
 */
export function openEnvelope(direction: DirectionKey, message: EncryptedMessage): Buffer {
  const iv = messageIv(direction.ivBase, message.sequenceNumber, ivInUse)
  if (!equalInConstantTime(iv, message.initializationVector)) {
    throw new AuthenticationError('authentication_failed', 'The IV is not the one of the sequence number.')
  }
  return open(direction.key, iv, message.headerBytes, {
    ciphertext: message.encryptedPayload,
    tag: message.authenticationTag,
  })
}
