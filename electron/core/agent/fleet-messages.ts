import { z } from 'zod'
import { OpaqueId } from '#shared/model/primitives.ts'
import { RotationEntry, SessionView, TrafficEntry } from '#shared/model/session.ts'

/**
 * What agents and the console say to each other about sessions, inside their own secure session. The console sees of
 * traffic between two other agents only what their reports tell: envelopes and verdicts, never content.
 */

/** The most entries of a kind in one report. */
export const reportLimit = 100

/** An agent tells the console of its sessions, of what it accepted and refused, and of rotations. */
export const Report = z.strictObject({
  type: z.literal('groundlock.report'),
  /** The same report sent again has the same identifier and counts once. */
  reportId: OpaqueId,
  sessions: z.array(SessionView).max(reportLimit),
  traffic: z.array(TrafficEntry).max(reportLimit),
  rotations: z.array(RotationEntry).max(reportLimit),
  /** Entries that did not fit because more happened than is reported. */
  dropped: z.number().int().nonnegative(),
})
export type Report = z.infer<typeof Report>

/** The console orders the rotation of a session that it is not part of. */
export const RotateOrder = z.strictObject({
  type: z.literal('groundlock.rotate'),
  requestId: OpaqueId,
  sessionId: OpaqueId,
})
export type RotateOrder = z.infer<typeof RotateOrder>

/** The answer to it: how the rotation went, or why there was none. */
export const RotateAnswer = z.strictObject({
  type: z.literal('groundlock.rotated'),
  requestId: OpaqueId,
  entry: RotationEntry.nullable(),
  problem: z.string().max(300).nullable(),
})
export type RotateAnswer = z.infer<typeof RotateAnswer>

/** Messages of the engine itself; they are not mission traffic and are not reported. */
export const isFleetMessage = (type: string): boolean => type.startsWith('groundlock.')
