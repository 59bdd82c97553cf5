import { encode } from 'cborg'
import { z } from 'zod'
import type { RotationTrigger } from '#shared/model/session.ts'
import type { Clock } from '../clock.ts'
import { equalInConstantTime, sha384 } from '../crypto/digest.ts'
import { hkdfSha384 } from '../crypto/kdf.ts'
import { type EphemeralKey, generateEphemeralP384, p384PointBytes } from '../crypto/key-agreement.ts'
import { EncryptionError, SecurityException } from '../errors.ts'
import { decodeStrictly } from '../link/frame.ts'
import type { KeyRing } from './key-ring.ts'
import { secretBytes } from './key-schedule.ts'

/** A step that gets no answer is repeated after this many milliseconds, this often. */
export const rekeyRetryMilliseconds = 2_000
export const rekeyAttempts = 5
/** By then whoever offered has given up or switched, in milliseconds. */
const givenUpMilliseconds = rekeyRetryMilliseconds * rekeyAttempts

const bytes = (length: number): z.ZodType<Uint8Array> =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length)
/** New version, ephemeral key (97). */
const Offer = z.tuple([z.number().int().min(2), bytes(p384PointBytes)])
/** New version, ephemeral key (97), SHA-384 of the offer (48). */
const Accept = z.tuple([z.number().int().min(2), bytes(p384PointBytes), bytes(48)])

export interface RekeyNotice {
  readonly outcome: 'rotated' | 'failed'
  readonly trigger: RotationTrigger
  readonly keyVersion: number
  readonly detail: string
}

interface Waiting {
  resolve(version: number): void
  reject(error: Error): void
}

type State =
  | { readonly step: 'idle' }
  /** We offered and wait for the acceptance. */
  | {
      readonly step: 'offered'
      readonly ephemeral: EphemeralKey
      readonly offer: Uint8Array
      readonly trigger: RotationTrigger
    }
  /** We accepted; the new version is read, and sent under once the peer is heard under it. */
  | { readonly step: 'accepted'; readonly offer: Uint8Array; readonly accept: Uint8Array }
  /** We send under the new version and wait to hear the peer under it. */
  | { readonly step: 'confirming' }

/**
 * Rekey of a running session by a fresh ECDH inside it: offer, accept, confirm, done. Whoever sends under a version
 * knows that the other can already read it, so no message in flight is lost. When both offer at once, the offer of
 * the session's initiator stands. docs/PROTOCOL.md, "Rekey".
 */
export class Rekey {
  readonly #clock: Clock
  readonly #keys: KeyRing
  readonly #initiator: boolean
  readonly #send: (type: string, payload: Uint8Array) => void
  readonly #notify: (notice: RekeyNotice) => void
  #state: State = { step: 'idle' }
  #waiting: Waiting[] = []
  /** What our own rekey is for, when the peer's that we joined comes to nothing. */
  #wanted: RotationTrigger = 'operator'
  /** Sequence number of the newest offer of the peer: one that comes late is one that it gave up. */
  #newestOffer = 0
  #cancelRetry: () => void = () => undefined

  constructor(options: {
    clock: Clock
    keys: KeyRing
    initiator: boolean
    send: (type: string, payload: Uint8Array) => void
    notify: (notice: RekeyNotice) => void
  }) {
    this.#clock = options.clock
    this.#keys = options.keys
    this.#initiator = options.initiator
    this.#send = options.send
    this.#notify = options.notify
  }

  get running(): boolean {
    return this.#state.step !== 'idle'
  }

  /** Starts a rekey, or joins the one that is running. Resolves with the new version once both sides have it. */
  begin(trigger: RotationTrigger): Promise<number> {
    const done = new Promise<number>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    this.#wanted = trigger
    if (this.#state.step === 'idle') this.#offer(trigger)
    return done
  }

  /** Takes a rekey message of the peer, with the message's sequence number. @returns false when `type` is not one. */
  handle(type: string, payload: Uint8Array, sequence: number): boolean {
    if (type === 'session.rekey_offer') this.#takeOffer(payload, sequence)
    else if (type === 'session.rekey_accept') this.#takeAccept(payload)
    else if (type === 'session.rekey_confirm') this.#trySend('session.rekey_done', new Uint8Array())
    else if (type !== 'session.rekey_done') return false
    return true
  }

  /** The peer was heard under `version`: it can read it too. */
  heardUnder(version: number): void {
    if (version === this.#keys.version + 1) {
      this.#keys.advance()
      this.#finish(this.#state.step === 'offered' ? this.#state.trigger : 'peer')
    } else if (this.#state.step === 'confirming' && version === this.#keys.version) {
      this.#finish(null)
    }
  }

  /** Ends a running rekey, because the session ends. */
  stop(reason: string): void {
    this.#cancelRetry()
    this.#state = { step: 'idle' }
    this.#settle((waiting) =>
      waiting.reject(new EncryptionError('session_failed', `The session ended during the rekey: ${reason}.`)),
    )
  }

  #offer(trigger: RotationTrigger): void {
    const ephemeral = generateEphemeralP384()
    const offer = encode([this.#keys.version + 1, ephemeral.publicPoint])
    this.#state = { step: 'offered', ephemeral, offer, trigger }
    this.#repeat('session.rekey_offer', offer)
  }

  #takeOffer(offer: Uint8Array, sequence: number): void {
    const parsed = parse(Offer, offer)
    if (parsed === null || sequence < this.#newestOffer) return
    this.#newestOffer = sequence
    // The peer has not heard that we switched to the version that it offers.
    if (parsed[0] === this.#keys.version) return this.#trySend('session.rekey_confirm', new Uint8Array())
    if (parsed[0] !== this.#keys.version + 1) return
    if (this.#state.step === 'confirming') return
    if (this.#state.step === 'offered' && this.#initiator) return
    if (this.#state.step === 'accepted') {
      // The acceptance was lost: the same answer again. Another offer means that the peer gave the first one up.
      if (equalInConstantTime(this.#state.offer, offer))
        return this.#trySend('session.rekey_accept', this.#state.accept)
    }
    this.#cancelRetry()
    const ephemeral = generateEphemeralP384()
    const accept = encode([parsed[0], ephemeral.publicPoint, sha384(offer)])
    this.#keys.prepare(this.#nextSecret(ephemeral.agree(parsed[1]), offer, accept))
    this.#state = { step: 'accepted', offer, accept }
    this.#cancelRetry = this.#clock.after(givenUpMilliseconds, () => this.#stopWaiting())
    this.#trySend('session.rekey_accept', accept)
  }

  /** The peer gave its offer up, or switched unheard: the version stays readable, and we may offer one ourselves. */
  #stopWaiting(): void {
    this.#state = { step: 'idle' }
    if (this.#waiting.length > 0) this.#offer(this.#wanted)
  }

  #takeAccept(accept: Uint8Array): void {
    const parsed = parse(Accept, accept)
    if (this.#state.step !== 'offered' || parsed?.[0] !== this.#keys.version + 1) return
    const { ephemeral, offer, trigger } = this.#state
    if (!equalInConstantTime(parsed[2], sha384(offer))) return
    this.#cancelRetry()
    this.#keys.prepare(this.#nextSecret(ephemeral.agree(parsed[1]), offer, accept))
    this.#keys.advance()
    this.#state = { step: 'confirming' }
    this.#repeat('session.rekey_confirm', new Uint8Array())
    this.#notify({ outcome: 'rotated', trigger, keyVersion: this.#keys.version, detail: 'fresh ECDH P-384' })
  }

  /** The traffic secret of the next version: HKDF(ECDH, salt = chain, "groundlock/1 rekey " + SHA-384(offer, accept)). */
  #nextSecret(shared: Buffer, offer: Uint8Array, accept: Uint8Array): Buffer {
    try {
      return hkdfSha384(
        shared,
        this.#keys.chain,
        `groundlock/1 rekey ${sha384(offer, accept).toString('hex')}`,
        secretBytes,
      )
    } finally {
      shared.fill(0)
    }
  }

  #repeat(type: string, payload: Uint8Array, attempt = 1): void {
    this.#trySend(type, payload)
    this.#cancelRetry = this.#clock.after(rekeyRetryMilliseconds, () => {
      if (attempt < rekeyAttempts) this.#repeat(type, payload, attempt + 1)
      else this.#fail()
    })
  }

  /** A key at its limit, or a full disk, cannot carry the rekey either; the peer's silence then ends in `#fail`. */
  #trySend(type: string, payload: Uint8Array): void {
    try {
      this.#send(type, payload)
    } catch (error) {
      if (!(error instanceof SecurityException)) throw error
    }
  }

  #fail(): void {
    const trigger = this.#state.step === 'offered' ? this.#state.trigger : 'peer'
    const rotated = this.#state.step === 'confirming'
    this.#state = { step: 'idle' }
    // After the switch the rotation itself stands; only the peer's sign of life is missing.
    if (rotated) return this.#settle((waiting) => waiting.resolve(this.#keys.version))
    const detail = `the peer did not answer ${rekeyAttempts} offers`
    this.#notify({ outcome: 'failed', trigger, keyVersion: this.#keys.version, detail })
    this.#settle((waiting) =>
      waiting.reject(new EncryptionError('agent_unreachable', `The keys were not rotated: ${detail}.`)),
    )
  }

  #finish(announce: RotationTrigger | null): void {
    this.#cancelRetry()
    this.#state = { step: 'idle' }
    if (announce !== null) {
      this.#notify({
        outcome: 'rotated',
        trigger: announce,
        keyVersion: this.#keys.version,
        detail: 'fresh ECDH P-384',
      })
    }
    this.#settle((waiting) => waiting.resolve(this.#keys.version))
  }

  #settle(how: (waiting: Waiting) => void): void {
    const settled = this.#waiting
    this.#waiting = []
    settled.forEach(how)
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, payload: Uint8Array): z.output<Schema> | null {
  try {
    return schema.parse(decodeStrictly(payload))
  } catch {
    return null
  }
}
