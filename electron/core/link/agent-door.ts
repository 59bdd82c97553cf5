import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import { SecurityException } from '../errors.ts'
import { type Admission, admit, agentOfPath } from './admission.ts'
import { AgentSocket } from './agent-socket.ts'
import { refuseOnSocket, statusOf } from './http-reply.ts'
import type { GatewayLimits } from './limits.ts'
import type { SourceRates } from './rate-limit.ts'
import { sourceOf } from './source.ts'
import type { FleetDirectory, Turned } from './surroundings.ts'

/** An agent that proved who it is, and its open WebSocket. */
export interface AdmittedPeer {
  readonly agentId: string
  /** DER. */
  readonly certificate: Uint8Array
  readonly remoteAddress: string
  readonly socket: WebSocket
}

export interface AgentDoorSurroundings {
  readonly directory: FleetDirectory
  readonly limits: GatewayLimits
  /** Shared with the HTTP requests: one allowance per source. */
  readonly requests: SourceRates
  readonly onAdmitted: (peer: AdmittedPeer) => void
  readonly onTurned: (turned: Turned) => void
  readonly onError: (error: unknown) => void
}

/** The way from a WebSocket attempt to an admitted agent, read from top to bottom; refusals are HTTP answers with a code. */
export class AgentDoor {
  readonly #surroundings: AgentDoorSurroundings
  readonly #upgrades: WebSocketServer

  constructor(surroundings: AgentDoorSurroundings) {
    this.#surroundings = surroundings
    this.#upgrades = new WebSocketServer(upgradeOptions(surroundings.limits))
  }

  enter(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!(socket instanceof TLSSocket)) {
      socket.destroy()
      return
    }
    const remoteAddress = socket.remoteAddress ?? 'unknown'
    const source = sourceOf(socket.remoteAddress)
    const admission = this.#judge(request, socket, source)
    if (!admission.ok) {
      const { agentId, code, message } = admission
      refuseOnSocket(socket, statusOf(code), code, message)
      this.#surroundings.onTurned({ agentId, code, message, source })
      return
    }
    const { agentId, certificate } = admission
    this.#upgrades.handleUpgrade(request, socket, head, (opened) => {
      this.#surroundings.onAdmitted({ agentId, certificate, remoteAddress, socket: opened })
    })
  }

  #judge(request: IncomingMessage, tls: TLSSocket, source: string): Admission {
    const { requests, directory, onError } = this.#surroundings
    if (!requests.take(source)) return refusal('rate_limited', 'Too many connections from this source.')
    // A browser sends Origin, and would send a client certificate for any page: agents do neither.
    if (request.headers.origin !== undefined)
      return refusal('not_allowed', 'The gateway is not for web pages.')
    const claimed = agentOfPath(request.url)
    if (claimed === null) return refusal('not_found', 'Connect to /ws/ followed by the name of the agent.')
    try {
      return admit(claimed, tls.getPeerX509Certificate()?.raw ?? null, directory)
    } catch (error) {
      onError(error)
      const code = error instanceof SecurityException ? error.code : 'internal'
      return refusal(code, 'The gateway cannot check certificates now. Try again later.')
    }
  }
}

const refusal = (code: Turned['code'], message: string): Admission => ({
  ok: false,
  agentId: null,
  code,
  message,
})

function upgradeOptions(limits: GatewayLimits): ConstructorParameters<typeof WebSocketServer>[0] {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxFrameBytes,
    maxFragments: 64,
    WebSocket: AgentSocket,
    // Not in the type definitions: how long the closing handshake may take, in milliseconds.
    closeTimeout: limits.closeMilliseconds,
  }
  return options
}
