/**
 * What a relayed frame is. Handshake and message frames travel between two agents and the gateway only looks at the
 * addresses; control frames travel between the gateway and one agent, inside that agent's mutually authenticated TLS.
 */
export const FrameKind = {
  handshakeInitiate: 1,
  handshakeReply: 2,
  handshakeConfirm: 3,
  message: 4,
  /** An unauthenticated hint from the peer's engine: it has no such session or refused the handshake. */
  hint: 5,
  /** Gateway to agent, once: who you are, limits, gateway's time. */
  welcome: 16,
  /** Gateway to agent: the current CRL, DER. */
  crl: 17,
  /** Gateway to agent: a frame of yours was not relayed, and why. */
  undelivered: 18,
  /** Gateway to agent: an agent came or went. */
  presence: 19,
} as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** A frame on the link. `from` is checked by the gateway against the connection's certificate before it is relayed. */
export interface Frame {
  readonly kind: FrameKind
  readonly from: string
  readonly to: string
  readonly body: Uint8Array
}

/** Largest frame on the link, in bytes, encoded. */
export const maxFrameBytes = 256 * 1024

/** The name the gateway uses as sender and recipient of control frames. No agent can enrol under it. */
export const gatewayName = 'gateway'

export type LinkState = 'connecting' | 'connected' | 'disconnected' | 'refused'

/** One agent's way to the others: a WebSocket to the gateway, or a direct line inside the console's process. */
export interface Link {
  readonly localAgent: string
  readonly state: LinkState
  /** Queues a frame; false if the link is down or its queue is full, and then nothing was queued. */
  send(frame: Frame): boolean
  onFrame(listener: (frame: Frame) => void): () => void
  onState(listener: (state: LinkState, reason: string | null) => void): () => void
}
