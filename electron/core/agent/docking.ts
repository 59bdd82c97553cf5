import { z } from 'zod'
import type { Message } from '../session/delivery.ts'

const Vector = z.tuple([z.number(), z.number(), z.number()])

/** The spec's docking request ("Basic Secure Communication"): metres, metres per second, a unit vector, seconds since 1970. */
export const DockingRequest = z.looseObject({
  type: z.literal('docking_request'),
  position: Vector,
  velocity: Vector,
  approach_vector: Vector,
  estimated_contact_time: z.number().positive(),
})

/** Largest closing speed at which a docking is approved, in metres per second. */
const safeSpeed = 0.5

/**
 * Answers a docking request as in the spec. `port` is the free docking port, or null when the agent has none; the answer's
 * `final_approach_time` is in seconds since 1970, null when it is not approved.
 * @returns null when `message` is not a docking request at all
 */
export function answerDocking(message: Message, port: string | null): Message | null {
  if (message.type !== 'docking_request') return null
  const refuse = (reason: string): Message => ({
    type: 'docking_response',
    approved: false,
    docking_port: null,
    final_approach_time: null,
    reason,
  })
  const request = DockingRequest.safeParse(message)
  if (!request.success) {
    const fields = new Set(request.error.issues.map((issue) => String(issue.path[0] ?? 'message')))
    return refuse(`Missing or malformed in the request: ${[...fields].join(', ')}.`)
  }
  if (port === null) return refuse('No docking port is free.')
  const speed = Math.hypot(...request.data.velocity)
  if (speed > safeSpeed)
    return refuse(`The closing speed is ${speed.toFixed(2)} m/s; at most ${safeSpeed} m/s is allowed.`)
  return {
    type: 'docking_response',
    approved: true,
    docking_port: port,
    final_approach_time: request.data.estimated_contact_time,
  }
}
