import { encode } from 'cborg'
import type { SecurityLevel } from '#shared/model/primitives.ts'
import { aeadTagBytes, open, seal } from '../crypto/aead.ts'
import { equalInConstantTime, sha384 } from '../crypto/digest.ts'
import { hmacSha384 } from '../crypto/kdf.ts'
import { type EphemeralKey, generateEphemeralP384 } from '../crypto/key-agreement.ts'
import type { RandomSource } from '../crypto/random.ts'
import { type IdentitySigner, verifyIdentitySignature } from '../crypto/signature.ts'
import { AuthenticationError, EncryptionError } from '../errors.ts'
import {
  protocolVersion,
  readConfirm,
  readIdentity,
  readInitiate,
  readProof,
  readReply,
  writeConfirm,
  writeIdentity,
  writeInitiate,
  writeProof,
  writeReply,
  writeReplyClear,
} from './handshake-messages.ts'
import { type DirectionKey, derive, deriveDirection } from './key-schedule.ts'
import { chooseSuite, type Suite, suitesFor } from './suite.ts'

/**
 * The handshake: SIGMA-I (Krawczyk 2003) in three messages over ephemeral ECDH. Each side signs the transcript and
 * puts a MAC over its own identity; the identities travel encrypted, the initiator's only after the responder has
 * proved its own. docs/PROTOCOL.md has every byte.
 */

/** What one side brings. */
export interface HandshakeParty {
  readonly agentId: string
  readonly signer: IdentitySigner
  /** Certificate chain in DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly random: RandomSource
  /** The lowest sequence number this side will use towards `peer`; below it nothing was or will be sent in this session. */
  firstSequence(peer: string): number
  /**
   * Decides on the peer's certificate chain.
   * @returns SubjectPublicKeyInfo (DER) of a certificate that is valid now and names `peer`.
   * @throws CertificateError saying which check failed.
   */
  judge(chain: readonly Uint8Array[], peer: string): Uint8Array
  /** `peer` has proved that it holds the key of this chain. */
  proved(chain: readonly Uint8Array[], peer: string): void
}

/** What a finished handshake hands to the session. */
export interface HandshakeResult {
  readonly sessionId: Buffer
  readonly peer: string
  readonly initiator: boolean
  readonly suite: Suite
  readonly level: SecurityLevel
  /** 48 bytes; the session zeroes it. */
  readonly trafficSecret: Buffer
  readonly ourFirstSequence: number
  readonly peerFirstSequence: number
}

interface HandshakeKeys {
  readonly secret: Buffer
  readonly responder: DirectionKey
  readonly initiator: DirectionKey
  readonly responderMac: Buffer
  readonly initiatorMac: Buffer
}

/** Who speaks with whom; the first thing in every transcript, so that a session cannot be attributed to another pair. */
const context = (initiator: string, responder: string): Uint8Array =>
  encode(['groundlock session', protocolVersion, initiator, responder])

function handshakeKeys(shared: Buffer, transcript: Buffer): HandshakeKeys {
  try {
    const secret = derive(shared, transcript, 'handshake')
    return {
      secret,
      responder: deriveDirection(secret, transcript, 'handshake responder'),
      initiator: deriveDirection(secret, transcript, 'handshake initiator'),
      responderMac: derive(secret, transcript, 'handshake responder mac'),
      initiatorMac: derive(secret, transcript, 'handshake initiator mac'),
    }
  } finally {
    shared.fill(0)
  }
}

function forget(keys: HandshakeKeys): void {
  for (const buffer of [keys.secret, keys.responderMac, keys.initiatorMac]) buffer.fill(0)
}

type Side = 'initiator' | 'responder'

/** Seals our identity, our signature over the transcript with it, and our MAC over the transcript with both. */
async function prove(
  party: HandshakeParty,
  side: Side,
  peer: string,
  transcript: readonly Uint8Array[],
  keys: HandshakeKeys,
  associated: Buffer,
) {
  const firstSequence = party.firstSequence(peer)
  const identity = writeIdentity([[...party.chain], firstSequence])
  const signature = await party.signer.sign(signedContent(side, sha384(...transcript, identity)))
  const mac = hmacSha384(macKey(keys, side), sha384(...transcript, identity, signature))
  const direction = keys[side]
  const { ciphertext, tag } = seal(
    direction.key,
    direction.ivBase,
    associated,
    writeProof([identity, signature, mac]),
  )
  return { sealed: Buffer.concat([ciphertext, tag]), firstSequence }
}

/**
 * Opens and checks what `prove` made on the other side.
 * @returns the first sequence number of the peer
 */
function checkProof(
  party: HandshakeParty,
  side: Side,
  peer: string,
  transcript: readonly Uint8Array[],
  keys: HandshakeKeys,
  associated: Buffer,
  sealed: Uint8Array,
): number {
  if (sealed.length <= aeadTagBytes)
    throw new EncryptionError('session_failed', 'The handshake proof is truncated.')
  const direction = keys[side]
  const split = sealed.length - aeadTagBytes
  const plaintext = open(direction.key, direction.ivBase, associated, {
    ciphertext: sealed.subarray(0, split),
    tag: sealed.subarray(split),
  })
  const [identity, signature, mac] = readProof(plaintext)
  if (!equalInConstantTime(mac, hmacSha384(macKey(keys, side), sha384(...transcript, identity, signature)))) {
    throw new AuthenticationError(
      'authentication_failed',
      `${peer} did not prove that it derived the same keys.`,
    )
  }
  const [chain, firstSequence] = readIdentity(identity)
  const publicKey = party.judge(chain, peer)
  if (!verifyIdentitySignature(publicKey, signedContent(side, sha384(...transcript, identity)), signature)) {
    throw new AuthenticationError(
      'authentication_failed',
      `${peer} did not prove that it holds the key of its certificate.`,
    )
  }
  party.proved(chain, peer)
  return firstSequence
}

const macKey = (keys: HandshakeKeys, side: Side): Buffer =>
  side === 'responder' ? keys.responderMac : keys.initiatorMac
const signedContent = (side: Side, hash: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`groundlock/1 ${side} signature\0`, 'utf8'), hash])

/** The side that asks for a session. */
export class Initiator {
  readonly message1: Uint8Array
  readonly sessionId: Buffer
  readonly peer: string
  readonly level: SecurityLevel
  readonly #party: HandshakeParty
  readonly #ephemeral: EphemeralKey
  readonly #offered: readonly Suite[]

  /** @throws EncryptionError for a level that this build does not offer. */
  constructor(party: HandshakeParty, peer: string, level: SecurityLevel) {
    this.#party = party
    this.peer = peer
    this.level = level
    this.#offered = suitesFor(level)
    this.#ephemeral = generateEphemeralP384()
    this.sessionId = party.random.bytes(16)
    const ids = this.#offered.map((suite) => suite.id)
    this.message1 = writeInitiate([
      protocolVersion,
      this.sessionId,
      level,
      ids,
      party.random.bytes(32),
      this.#ephemeral.publicPoint,
    ])
  }

  /** Reads message 2, makes message 3. @throws EncryptionError, AuthenticationError, CertificateError; then nothing is established. */
  async readReply(message2: Uint8Array): Promise<{ message3: Uint8Array; result: HandshakeResult }> {
    const { clear, clearBytes, sealed } = readReply(message2)
    const [, sessionId, suiteId, , point] = clear
    const suite = this.#offered.find((one) => one.id === suiteId)
    if (!equalInConstantTime(sessionId, this.sessionId) || suite === undefined) {
      throw new EncryptionError(
        'session_failed',
        `${this.peer} answered another session or chose a suite that was not offered.`,
      )
    }
    const start = [context(this.#party.agentId, this.peer), this.message1]
    const transcript = sha384(...start, clearBytes)
    const keys = handshakeKeys(this.#ephemeral.agree(point), transcript)
    try {
      const peerFirstSequence = checkProof(
        this.#party,
        'responder',
        this.peer,
        [...start, clearBytes],
        keys,
        transcript,
        sealed,
      )
      const proof = await prove(this.#party, 'initiator', this.peer, [...start, message2], keys, transcript)
      const message3 = writeConfirm(this.sessionId, proof.sealed)
      const trafficSecret = derive(keys.secret, sha384(...start, message2, message3), 'traffic')
      return {
        message3,
        result: {
          sessionId: this.sessionId,
          peer: this.peer,
          initiator: true,
          suite,
          level: this.level,
          trafficSecret,
          ourFirstSequence: proof.firstSequence,
          peerFirstSequence,
        },
      }
    } finally {
      forget(keys)
    }
  }
}

/** The side that is asked. Made by `respond`, finished by `readConfirm`. */
export class Responder {
  readonly message2: Uint8Array
  readonly sessionId: Buffer
  readonly peer: string
  readonly #party: HandshakeParty
  readonly #keys: HandshakeKeys
  readonly #associated: Buffer
  readonly #transcript: readonly Uint8Array[]
  readonly #suite: Suite
  readonly #level: SecurityLevel
  readonly #firstSequence: number

  private constructor(
    party: HandshakeParty,
    peer: string,
    state: {
      message2: Uint8Array
      sessionId: Buffer
      keys: HandshakeKeys
      associated: Buffer
      transcript: readonly Uint8Array[]
      suite: Suite
      level: SecurityLevel
      firstSequence: number
    },
  ) {
    this.#party = party
    this.peer = peer
    this.message2 = state.message2
    this.sessionId = state.sessionId
    this.#keys = state.keys
    this.#associated = state.associated
    this.#transcript = state.transcript
    this.#suite = state.suite
    this.#level = state.level
    this.#firstSequence = state.firstSequence
  }

  /** Reads message 1 from `peer`, makes message 2. @throws EncryptionError when it does not parse or no suite fits. */
  static async respond(party: HandshakeParty, peer: string, message1: Uint8Array): Promise<Responder> {
    const [, id, level, offered, , point] = readInitiate(message1)
    const suite = chooseSuite(offered, level)
    if (suite === null)
      throw new EncryptionError(
        'session_failed',
        `${peer} offers no suite of level "${level}" that this agent has.`,
      )
    const sessionId = Buffer.from(id)
    const ephemeral = generateEphemeralP384()
    const clearBytes = writeReplyClear([
      protocolVersion,
      sessionId,
      suite.id,
      party.random.bytes(32),
      ephemeral.publicPoint,
    ])
    const start = [context(peer, party.agentId), message1]
    const associated = sha384(...start, clearBytes)
    const keys = handshakeKeys(ephemeral.agree(point), associated)
    const proof = await prove(party, 'responder', peer, [...start, clearBytes], keys, associated)
    const message2 = writeReply(clearBytes, proof.sealed)
    return new Responder(party, peer, {
      message2,
      sessionId,
      keys,
      associated,
      transcript: [...start, message2],
      suite,
      level,
      firstSequence: proof.firstSequence,
    })
  }

  /** Reads message 3. @throws EncryptionError, AuthenticationError, CertificateError; then nothing is established. */
  readConfirm(message3: Uint8Array): HandshakeResult {
    const [, , sealed] = readConfirm(message3)
    try {
      const peerFirstSequence = checkProof(
        this.#party,
        'initiator',
        this.peer,
        this.#transcript,
        this.#keys,
        this.#associated,
        sealed,
      )
      const trafficSecret = derive(this.#keys.secret, sha384(...this.#transcript, message3), 'traffic')
      return {
        sessionId: this.sessionId,
        peer: this.peer,
        initiator: false,
        suite: this.#suite,
        level: this.#level,
        trafficSecret,
        ourFirstSequence: this.#firstSequence,
        peerFirstSequence,
      }
    } finally {
      this.discard()
    }
  }

  /** Zeroes the handshake's secrets; for a handshake that is given up. */
  discard(): void {
    forget(this.#keys)
  }
}

/** The session id in a handshake message of any kind, to find whose it is; null if it does not parse. */
export function peekSessionId(kind: 'reply' | 'confirm', message: Uint8Array): string | null {
  try {
    const id = kind === 'reply' ? readReply(message).clear[1] : readConfirm(message)[1]
    return Buffer.from(id).toString('hex')
  } catch {
    return null
  }
}
