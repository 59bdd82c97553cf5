import type { Clock } from '../clock.ts'
import { encodeMessage } from '../session/delivery.ts'
import { readEnvelope } from '../session/envelope.ts'
import type { SecureCommunicationProtocol } from '../session/protocol.ts'
import { EncryptionError } from '../errors.ts'
import { type Frame, FrameKind, type Link } from '../link/link.ts'
import type { RandomSource } from '../crypto/random.ts'
import { isFleetMessage } from './fleet-messages.ts'

/** `replay`: a recorded message again. `alter`: a recorded message with one bit changed. `stale`: a message sealed long ago. */
export type DrillKind = 'replay' | 'alter' | 'stale'

/**
 * Attacks on one's own traffic, to see that it is refused: for training and acceptance. It records the last mission
 * message to each peer as it leaves, as somebody on the way could, and puts it on the link again.
 */
export class Drill {
  readonly #link: Link
  readonly #protocol: SecureCommunicationProtocol
  readonly #random: RandomSource
  readonly #clock: Clock
  readonly #recorded: ReadonlyMap<string, Frame>

  constructor(options: {
    link: Link
    recorded: ReadonlyMap<string, Frame>
    protocol: SecureCommunicationProtocol
    random: RandomSource
    clock: Clock
  }) {
    this.#clock = options.clock
    this.#link = options.link
    this.#recorded = options.recorded
    this.#protocol = options.protocol
    this.#random = options.random
  }

  /**
   * Puts the attack on the link. `age` is how long ago a `stale` message pretends to be sealed, in seconds.
   * @throws EncryptionError `conflict` when no message to the peer was sent before, `session_failed` without a session.
   */
  run(kind: DrillKind, peer: string, age = 3600): void {
    const frame = kind === 'stale' ? this.#sealLongAgo(peer, age) : this.#record(kind, peer)
    if (!this.#link.send(frame))
      throw new EncryptionError('agent_unreachable', 'The link to the gateway is down.')
  }

  #record(kind: 'replay' | 'alter', peer: string): Frame {
    const frame = this.#recorded.get(peer)
    if (frame === undefined)
      throw new EncryptionError('conflict', `No message to ${peer} was recorded; send one first.`)
    if (kind === 'replay') return frame
    const body = Uint8Array.from(frame.body)
    const last = body.length - 1
    body[last] = (body[last] ?? 0) ^ 1
    return { ...frame, body }
  }

  #sealLongAgo(peer: string, age: number): Frame {
    const session = this.#protocol.sessions().find((one) => one.peerAgent === peer)
    if (session === undefined)
      throw new EncryptionError('session_failed', `There is no session with ${peer}.`)
    const payload = encodeMessage(this.#random, { type: 'drill', note: 'sealed long ago' }).payload
    return {
      kind: FrameKind.message,
      from: this.#link.localAgent,
      to: peer,
      body: session.seal('drill', payload, 1, this.#clock.now() - age * 1000),
    }
  }
}

/** A link that remembers the last mission message to each peer, as it went out. */
export function recordMessages(link: Link): {
  readonly link: Link
  readonly recorded: ReadonlyMap<string, Frame>
} {
  const recorded = new Map<string, Frame>()
  const recording: Link = {
    localAgent: link.localAgent,
    get state() {
      return link.state
    },
    send(frame) {
      if (frame.kind === FrameKind.message && isMission(frame)) recorded.set(frame.to, frame)
      return link.send(frame)
    },
    onFrame: (listener) => link.onFrame(listener),
    onState: (listener) => link.onState(listener),
  }
  return { link: recording, recorded }
}

function isMission(frame: Frame): boolean {
  const type = readEnvelope(frame.body)?.messageType ?? 'session.'
  return !type.startsWith('session.') && !isFleetMessage(type)
}
