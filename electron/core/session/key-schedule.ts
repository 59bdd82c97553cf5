import { type AeadKey, aeadIvBytes, aeadKeyBytes, takeAeadKey } from '../crypto/aead.ts'
import { hkdfSha384 } from '../crypto/kdf.ts'

/** Every label begins so, and binds what is derived to this protocol and version. */
const prefix = 'groundlock/1 '

/** Secrets of the schedule are as long as the hash. */
export const secretBytes = 48

/** One derivation of the schedule: HKDF-SHA384(secret, salt, "groundlock/1 " + label). docs/PROTOCOL.md, "Key schedule". */
export function derive(
  secret: Uint8Array,
  salt: Uint8Array,
  label: string,
  length: number = secretBytes,
): Buffer {
  return hkdfSha384(secret, salt, prefix + label, length)
}

/** What one direction seals with: a key, and the base that sequence numbers are laid over to make IVs. */
export interface DirectionKey {
  readonly key: AeadKey
  /** 12 bytes. */
  readonly ivBase: Buffer
}

/** A key and IV base of the schedule. */
export function deriveDirection(secret: Uint8Array, salt: Uint8Array, label: string): DirectionKey {
  return {
    key: takeAeadKey(derive(secret, salt, `${label} key`, aeadKeyBytes)),
    ivBase: derive(secret, salt, `${label} iv`, aeadIvBytes),
  }
}

/** The IV of a message: the base XOR the sequence number as a 96-bit big-endian integer (as RFC 8446 section 5.3). */
export function messageIv(
  ivBase: Buffer,
  sequence: number,
  into: Buffer = Buffer.allocUnsafeSlow(aeadIvBytes),
): Buffer {
  ivBase.copy(into)
  into.writeUInt32BE((ivBase.readUInt32BE(4) ^ Math.floor(sequence / 2 ** 32)) >>> 0, 4)
  into.writeUInt32BE((ivBase.readUInt32BE(8) ^ (sequence >>> 0)) >>> 0, 8)
  return into
}

/** The keys of one key version, seen from one side. */
export interface TrafficKeys {
  readonly send: DirectionKey
  readonly receive: DirectionKey
  /** Mixed into the next version, so that a rekey can only be made by who holds this one. 48 bytes. */
  readonly chain: Buffer
}

/** Turns a traffic secret into the keys of its version and fills the secret with zeros. */
export function trafficKeys(secret: Buffer, sessionId: Uint8Array, initiator: boolean): TrafficKeys {
  try {
    const fromInitiator = deriveDirection(secret, sessionId, 'initiator')
    const fromResponder = deriveDirection(secret, sessionId, 'responder')
    const chain = derive(secret, sessionId, 'chain')
    return initiator
      ? { send: fromInitiator, receive: fromResponder, chain }
      : { send: fromResponder, receive: fromInitiator, chain }
  } finally {
    secret.fill(0)
  }
}
