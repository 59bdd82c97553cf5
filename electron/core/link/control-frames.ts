import { encode } from 'cborg'
import { z } from 'zod'
import { errorCodes } from '#shared/errors.ts'
import { AgentId } from '#shared/model/primitives.ts'
import { SecurityException } from '../errors.ts'
import { decodeStrictly, encodeFrame } from './frame.ts'
import { type Frame, FrameKind, gatewayName } from './link.ts'

/** Body of `welcome`: who the gateway takes the agent for, its clock, and what it grants. */
export const Welcome = z.strictObject({
  agentId: AgentId,
  /** The console's own agent. */
  console: AgentId,
  /** The gateway's time in milliseconds since 1970-01-01T00:00:00Z. */
  time: z.int().nonnegative(),
  maxFrameBytes: z.int().positive(),
  framesPerSecond: z.number().positive(),
  bytesPerSecond: z.number().positive(),
  /** Time between two pings of the gateway, in milliseconds. */
  pingMilliseconds: z.int().positive(),
  /** Who is connected now, the console included. */
  connected: z.array(AgentId),
})
export type Welcome = z.infer<typeof Welcome>

/** Body of `undelivered`: the frame that was not relayed, by kind and recipient, and why. */
export const Undelivered = z.strictObject({
  kind: z.int().nonnegative(),
  to: AgentId,
  code: z.enum(errorCodes),
  message: z.string().max(200),
})
export type Undelivered = z.infer<typeof Undelivered>

/** Body of `presence`. */
export const Presence = z.strictObject({ agentId: AgentId, connected: z.boolean() })
export type Presence = z.infer<typeof Presence>

/** A frame of the gateway itself, ready to send. Bodies are CBOR maps with the names above as keys. */
export function controlFrame(
  kind: FrameKind,
  to: string,
  body: Uint8Array | Welcome | Undelivered | Presence,
): Uint8Array {
  return encodeFrame({ kind, from: gatewayName, to, body: body instanceof Uint8Array ? body : encode(body) })
}

export const readWelcome = (frame: Frame): Welcome => read(frame, FrameKind.welcome, Welcome)
export const readUndelivered = (frame: Frame): Undelivered => read(frame, FrameKind.undelivered, Undelivered)
export const readPresence = (frame: Frame): Presence => read(frame, FrameKind.presence, Presence)

/** @throws SecurityException `invalid_input` if the frame is of another kind or its body does not fit. */
function read<Body>(frame: Frame, kind: FrameKind, schema: z.ZodType<Body>): Body {
  if (frame.kind !== kind || frame.from !== gatewayName) throw unreadable()
  let value: unknown
  try {
    value = decodeStrictly(frame.body)
  } catch (error) {
    throw unreadable(error)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw unreadable(parsed.error)
  return parsed.data
}

const unreadable = (cause?: unknown): SecurityException =>
  new SecurityException('invalid_input', 'The gateway sent a control frame that cannot be read.', { cause })
