import { encode } from 'cborg'
import { z } from 'zod'
import { SecurityLevel } from '#shared/model/primitives.ts'
import { p384PointBytes } from '../crypto/key-agreement.ts'
import { EncryptionError } from '../errors.ts'
import { decodeStrictly } from '../link/frame.ts'

/** The protocol version in every handshake message. */
export const protocolVersion = 1

/** Certificates are a few kilobytes; what is larger is not a handshake. */
export const maxHandshakeBytes = 32 * 1024

const bytes = (length: number): z.ZodType<Uint8Array> =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length, `${length} bytes`)
const bytesUpTo = (length: number): z.ZodType<Uint8Array> =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length > 0 && value.length <= length,
    `1 to ${length} bytes`,
  )

/** Message 1: version, session id (16), level, offered suites, nonce (32), ephemeral key (97). */
const Initiate = z.tuple([
  z.literal(protocolVersion),
  bytes(16),
  SecurityLevel,
  z.array(z.number().int().min(1).max(0xffff)).min(1).max(16),
  bytes(32),
  bytes(p384PointBytes),
])
/** Message 2 before its sealed part: version, session id, chosen suite, nonce (32), ephemeral key (97). */
const ReplyClear = z.tuple([
  z.literal(protocolVersion),
  bytes(16),
  z.number().int().min(1).max(0xffff),
  bytes(32),
  bytes(p384PointBytes),
])
const Reply = z.tuple([bytesUpTo(512), bytesUpTo(maxHandshakeBytes)])
/** Message 3: version, session id, sealed part. */
const Confirm = z.tuple([z.literal(protocolVersion), bytes(16), bytesUpTo(maxHandshakeBytes)])
/** What is sealed in messages 2 and 3: identity (bytes of the CBOR below), signature, MAC (48). */
const Proof = z.tuple([bytesUpTo(16 * 1024), bytesUpTo(1024), bytes(48)])
/** Certificate chain, leaf first, and the first sequence number that this side will use. */
const Identity = z.tuple([
  z
    .array(bytesUpTo(8 * 1024))
    .min(1)
    .max(4),
  z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
])

export type Initiate = z.infer<typeof Initiate>
export type ReplyClear = z.infer<typeof ReplyClear>
export type Proof = z.infer<typeof Proof>
export type Identity = z.infer<typeof Identity>

function read<Schema extends z.ZodType>(schema: Schema, message: Uint8Array, name: string): z.output<Schema> {
  if (message.length > maxHandshakeBytes) {
    throw new EncryptionError('session_failed', `The ${name} is larger than ${maxHandshakeBytes} bytes.`)
  }
  let value: unknown
  try {
    value = decodeStrictly(message)
  } catch {
    throw new EncryptionError('session_failed', `The ${name} is not deterministic CBOR.`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw new EncryptionError(
      'session_failed',
      `The ${name} does not have the fields of version ${protocolVersion}.`,
    )
  return parsed.data
}

export const readInitiate = (message: Uint8Array): Initiate => read(Initiate, message, 'handshake request')
export const readReply = (
  message: Uint8Array,
): { clear: ReplyClear; clearBytes: Uint8Array; sealed: Uint8Array } => {
  const [clearBytes, sealed] = read(Reply, message, 'handshake reply')
  return { clear: read(ReplyClear, clearBytes, 'handshake reply'), clearBytes, sealed }
}
export const readConfirm = (message: Uint8Array): z.infer<typeof Confirm> =>
  read(Confirm, message, 'handshake confirmation')
export const readProof = (message: Uint8Array): Proof => read(Proof, message, 'handshake proof')
export const readIdentity = (message: Uint8Array): Identity => read(Identity, message, 'handshake identity')

export const writeInitiate = (message: Initiate): Uint8Array => encode(message)
export const writeReplyClear = (message: ReplyClear): Uint8Array => encode(message)
export const writeReply = (clearBytes: Uint8Array, sealed: Uint8Array): Uint8Array =>
  encode([clearBytes, sealed])
export const writeConfirm = (sessionId: Uint8Array, sealed: Uint8Array): Uint8Array =>
  encode([protocolVersion, sessionId, sealed])
export const writeProof = (proof: Proof): Uint8Array => encode(proof)
export const writeIdentity = (identity: Identity): Uint8Array => encode(identity)
