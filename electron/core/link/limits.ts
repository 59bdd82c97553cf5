import { maxFrameBytes } from './link.ts'

/** What one gateway grants. Every number bounds what a peer, enrolled or not, can make the console spend. */
export interface GatewayLimits {
  /** TCP connections at once, of agents, enrolments and strangers together. */
  readonly maxConnections: number
  /** TCP connections at once from one source (an IPv4 address or an IPv6 /64). */
  readonly maxConnectionsPerSource: number
  /** A stranger's time for the TLS handshake, in milliseconds. */
  readonly handshakeMilliseconds: number
  /** Time for the header of an HTTP request, in milliseconds. */
  readonly headersMilliseconds: number
  /** Time for a whole HTTP request, in milliseconds. */
  readonly requestMilliseconds: number
  /** HTTP requests and WebSocket attempts per second and source, and how many may come at once. */
  readonly requestsPerSecond: number
  readonly requestBurst: number
  /** Certificate requests handed in per minute and source, and how many may come at once. */
  readonly enrolmentsPerMinute: number
  readonly enrolmentBurst: number
  /** Body of an enrolment, in bytes. */
  readonly maxEnrolmentBytes: number
  /** Enrolments that wait in a long poll at once, in all and from one source. */
  readonly maxWaiting: number
  readonly maxWaitingPerSource: number
  /** Largest frame, encoded, in bytes. */
  readonly maxFrameBytes: number
  /** Frames and bytes per second and agent, and how much may come at once. */
  readonly framesPerSecond: number
  readonly frameBurst: number
  readonly bytesPerSecond: number
  readonly byteBurst: number
  /** What may wait to be sent to one agent, in bytes. Beyond it frames to that agent are not relayed. */
  readonly maxQueueBytes: number
  /** An agent whose queue stays full this long is disconnected. */
  readonly slowReaderMilliseconds: number
  /** Time between two pings; an agent that answers none between two of them is disconnected. */
  readonly pingMilliseconds: number
  /** Time that the closing handshake and the end of the gateway may take. */
  readonly closeMilliseconds: number
}

export const defaultGatewayLimits: GatewayLimits = {
  maxConnections: 1024,
  maxConnectionsPerSource: 256,
  handshakeMilliseconds: 10_000,
  headersMilliseconds: 10_000,
  requestMilliseconds: 15_000,
  requestsPerSecond: 50,
  requestBurst: 400,
  enrolmentsPerMinute: 30,
  enrolmentBurst: 30,
  maxEnrolmentBytes: 16 * 1024,
  maxWaiting: 256,
  maxWaitingPerSource: 64,
  maxFrameBytes,
  framesPerSecond: 2_000,
  frameBurst: 4_000,
  bytesPerSecond: 8 * 1024 * 1024,
  byteBurst: 16 * 1024 * 1024,
  maxQueueBytes: 1024 * 1024,
  slowReaderMilliseconds: 10_000,
  pingMilliseconds: 15_000,
  closeMilliseconds: 2_000,
}
