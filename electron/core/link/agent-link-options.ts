import type { Clock } from '../clock.ts'
import type { RandomSource } from '../crypto/random.ts'

export interface AgentLinkLimits {
  /** What may wait to be sent, in bytes. */
  readonly maxQueueBytes: number
  /** First and longest time between two attempts, in milliseconds. */
  readonly firstRetryMilliseconds: number
  readonly longestRetryMilliseconds: number
  /** Time to the next attempt after a refusal, which a person has to resolve. */
  readonly refusedRetryMilliseconds: number
  /** A connection that stood this long was a good one; the next attempt comes soon again. */
  readonly steadyMilliseconds: number
  /** Time for connecting, in milliseconds. */
  readonly connectMilliseconds: number
}

export const defaultAgentLinkLimits: AgentLinkLimits = {
  maxQueueBytes: 1024 * 1024,
  firstRetryMilliseconds: 500,
  longestRetryMilliseconds: 30_000,
  refusedRetryMilliseconds: 60_000,
  steadyMilliseconds: 10_000,
  connectMilliseconds: 10_000,
}

export interface AgentLinkOptions {
  /** `https://host:port` */
  readonly gateway: string
  readonly agentId: string
  /** PEM. Not kept: the caller may fill it with zeros when `connect` has returned. */
  readonly key: Buffer
  /** PEM. */
  readonly certificate: string
  /** The fleet's root, PEM. */
  readonly trustAnchor: string
  readonly clock: Clock
  readonly random: RandomSource
  /** A further check of the gateway's certificate (DER), for example against a CRL; answers why it is refused, or null. */
  readonly checkGateway?: (certificate: Uint8Array) => string | null
  readonly limits?: Partial<AgentLinkLimits>
  readonly onError?: (error: unknown) => void
}
