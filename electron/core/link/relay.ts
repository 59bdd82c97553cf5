import type { ErrorCode } from '#shared/errors.ts'
import { SecurityException } from '../errors.ts'
import { CloseCode } from './close-codes.ts'
import type { Connection } from './connection.ts'
import type { ConsoleLink } from './console-link.ts'
import { controlFrame } from './control-frames.ts'
import { type FrameAddress, readFrameAddress } from './frame-address.ts'
import { FrameKind, gatewayName } from './link.ts'
import type { GatewayAudit } from './surroundings.ts'

/** What agents may send each other; the other kinds are the gateway's own. */
const relayed = new Set<number>([
  FrameKind.handshakeInitiate,
  FrameKind.handshakeReply,
  FrameKind.handshakeConfirm,
  FrameKind.message,
  FrameKind.hint,
])

export interface RelaySurroundings {
  readonly find: (agentId: string) => Connection | undefined
  readonly console: ConsoleLink
  readonly audit: GatewayAudit
}

/**
 * Passes frames on, the sender's bytes unchanged. It reads the addresses and nothing else: the body is between the two
 * agents. A frame that breaks the protocol ends the sender's connection; one that merely cannot be passed on is
 * answered with `undelivered`.
 */
export class Relay {
  readonly #find: RelaySurroundings['find']
  readonly #console: ConsoleLink
  readonly #audit: GatewayAudit

  constructor({ find, console, audit }: RelaySurroundings) {
    this.#find = find
    this.#console = console
    this.#audit = audit
  }

  /** A frame that came over an agent's connection. */
  fromAgent(sender: Connection, bytes: Uint8Array): void {
    let address: FrameAddress
    try {
      address = readFrameAddress(bytes)
    } catch (error) {
      const message = error instanceof SecurityException ? error.message : 'The frame cannot be read.'
      sender.refuse(CloseCode.malformed, 'invalid_input', message)
      return
    }
    if (address.from !== sender.agentId) {
      this.#impersonated(sender, address)
      return
    }
    const problem = this.#pass(address, bytes)
    if (!problem) return
    sender.send(undeliveredFrame(sender.agentId, address, problem))
    if (problem.code === 'invalid_input') this.#recordUnrelayed(sender, address, problem.message)
  }

  /** A frame of the console itself. False if it was not queued, and then nobody is told. */
  fromConsole(bytes: Uint8Array): boolean {
    const address = readFrameAddress(bytes)
    if (address.from !== this.#console.localAgent) return false
    return this.#pass(address, bytes) === null
  }

  #pass(address: FrameAddress, bytes: Uint8Array): Problem | null {
    if (!relayed.has(address.kind))
      return problem('invalid_input', `Frames of kind ${address.kind} are not relayed.`)
    if (address.to === gatewayName)
      return problem('invalid_input', 'The gateway is not the recipient of any frame.')
    if (address.to === address.from)
      return problem('invalid_input', 'The frame is addressed to its own sender.')
    if (address.to === this.#console.localAgent) {
      this.#console.deliver(bytes)
      return null
    }
    const recipient = this.#find(address.to)
    if (!recipient) return problem('agent_unreachable', `${address.to} is not connected.`)
    if (!recipient.send(bytes))
      return problem('agent_unreachable', `${address.to} does not read fast enough.`)
    return null
  }

  #impersonated(sender: Connection, { from, to }: FrameAddress): void {
    const message = `The frame says it is from ${from}; this connection is that of ${sender.agentId}.`
    sender.close(CloseCode.malformed, 'certificate_identity_mismatch', message)
    this.#audit(`impersonation:${sender.agentId}`, {
      type: 'SECURITY_VIOLATION',
      severity: 'HIGH',
      actor: sender.agentId,
      subject: from,
      detail: {
        violation: 'sender_forged',
        claimed: from,
        recipient: to,
        remoteAddress: sender.remoteAddress,
      },
    })
  }

  #recordUnrelayed(sender: Connection, { kind, to }: FrameAddress, message: string): void {
    this.#audit(`unrelayed:${sender.agentId}`, {
      type: 'FRAME_REFUSED',
      severity: 'LOW',
      actor: sender.agentId,
      subject: to,
      detail: { code: 'invalid_input', kind, message, remoteAddress: sender.remoteAddress },
    })
  }
}

interface Problem {
  readonly code: ErrorCode
  readonly message: string
}

const problem = (code: ErrorCode, message: string): Problem => ({ code, message })

const undeliveredFrame = (
  agentId: string,
  { kind, to }: FrameAddress,
  { code, message }: Problem,
): Uint8Array => controlFrame(FrameKind.undelivered, agentId, { kind, to, code, message })
