import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { platformRandom } from '#core/crypto/random.ts'
import { takeIdentityKey } from '#core/crypto/signature.ts'
import { CertificateError } from '#core/errors.ts'
import { decodeFrame, encodeFrame } from '#core/link/frame.ts'
import type { Frame, Link, LinkState } from '#core/link/link.ts'
import type { HandshakeParty } from '#core/session/handshake.ts'
import { SecureCommunicationProtocol } from '#core/session/protocol.ts'
import { FakeClock } from './clock.ts'

/** What happens to a frame on the way: `deliver` it (perhaps another one, perhaps several times) or nothing. */
export type Wire = (frame: Frame, deliver: (frame: Frame) => void) => void

/** Frames between agents in one process, encoded and decoded like on a socket, through a wire that a test can cut. */
export class LocalNetwork {
  readonly links = new Map<string, LocalLink>()
  readonly recorded: Frame[] = []
  wire: Wire = (frame, deliver) => deliver(frame)

  link(agentId: string): LocalLink {
    const link = new LocalLink(agentId, this)
    this.links.set(agentId, link)
    return link
  }

  carry(frame: Frame): void {
    const copy = decodeFrame(encodeFrame(frame))
    this.recorded.push(copy)
    this.wire(copy, (one) => this.deliver(one))
  }

  /** Hands a frame to its recipient, as an attacker on the relay would. */
  deliver(frame: Frame): void {
    queueMicrotask(() => this.links.get(frame.to)?.receive(decodeFrame(encodeFrame(frame))))
  }
}

export class LocalLink implements Link {
  readonly localAgent: string
  state: LinkState = 'connected'
  readonly #network: LocalNetwork
  readonly #frameListeners = new Set<(frame: Frame) => void>()
  readonly #stateListeners = new Set<(state: LinkState, reason: string | null) => void>()

  constructor(localAgent: string, network: LocalNetwork) {
    this.localAgent = localAgent
    this.#network = network
  }

  send(frame: Frame): boolean {
    if (this.state !== 'connected') return false
    this.#network.carry(frame)
    return true
  }

  receive(frame: Frame): void {
    if (this.state === 'connected') for (const listener of this.#frameListeners) listener(frame)
  }

  change(state: LinkState): void {
    this.state = state
    for (const listener of this.#stateListeners) listener(state, null)
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.#frameListeners.add(listener)
    return () => this.#frameListeners.delete(listener)
  }

  onState(listener: (state: LinkState, reason: string | null) => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }
}

/** Stands for the fleet CA in unit tests: a "certificate" is the agent's name and its public key. */
export class KeyDirectory {
  readonly revoked = new Set<string>()

  party(agentId: string, algorithm: 'ec' | 'rsa' = 'ec'): HandshakeParty {
    const pair =
      algorithm === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
        : generateKeyPairSync('rsa', { modulusLength: 4096 })
    const spki = createPublicKey(
      createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    ).export({ type: 'spki', format: 'der' })
    let sequence = 0
    return {
      agentId,
      signer: takeIdentityKey(pair.privateKey.export({ type: 'pkcs8', format: 'der' })),
      chain: [Buffer.from(JSON.stringify({ agentId, spki: spki.toString('base64') }))],
      random: platformRandom,
      firstSequence: () => (sequence += 1000),
      proved: () => undefined,
      judge: (chain, peer) => {
        const certificate = JSON.parse(Buffer.from(chain[0]!).toString()) as { agentId: string; spki: string }
        if (certificate.agentId !== peer)
          throw new CertificateError(
            'certificate_identity_mismatch',
            `The certificate names ${certificate.agentId}, not ${peer}.`,
          )
        if (this.revoked.has(peer))
          throw new CertificateError('certificate_revoked', `The certificate of ${peer} is revoked.`)
        return Buffer.from(certificate.spki, 'base64')
      },
    }
  }
}

export interface PairOptions {
  readonly keyRotationInterval?: number
  readonly maxMessageAge?: number
  readonly replayWindowSize?: number
  /** Called before a sequence number is taken; throws where the disk of the sender would. */
  readonly onSequence?: (agentId: string) => void
}

/** Two agents, `chaser-001` and `target-station`, on a network of their own and a clock that stands still. */
export function sessionPair(options: PairOptions = {}) {
  const clock = new FakeClock()
  const network = new LocalNetwork()
  const directory = new KeyDirectory()
  const agent = (agentId: string): SecureCommunicationProtocol => {
    let sequence = 5000
    return new SecureCommunicationProtocol({
      party: directory.party(agentId),
      link: network.link(agentId),
      clock,
      keyRotationInterval: options.keyRotationInterval ?? 300,
      maxMessageAge: options.maxMessageAge ?? 60,
      replayWindowSize: options.replayWindowSize ?? 64,
      nextSequence: () => {
        options.onSequence?.(agentId)
        return ++sequence
      },
    })
  }
  return { clock, network, directory, chaser: agent('chaser-001'), target: agent('target-station'), agent }
}

/** Lets everything that is under way in microtasks and crypto callbacks finish. */
export async function settle(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++)
    await new Promise((resolve) => setImmediate(resolve))
  if (!condition()) throw new Error('the condition was not met')
}
