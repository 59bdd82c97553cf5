import type { z } from 'zod'
import { AuditRecord } from '../model/audit.ts'
import { ConsoleStatus } from '../model/console.ts'
import { EnrolmentRequest, FleetAgent } from '../model/fleet.ts'
import { RotationEntry, SessionView, TrafficEntry } from '../model/session.ts'

/**
 * What the console announces. Each event carries the whole new state of one thing, so a screen never has to ask
 * again. `console.status` goes to everybody; the others only while somebody is signed in.
 */
export const events = {
  'console.status': ConsoleStatus,
  'enrolment.changed': EnrolmentRequest,
  'fleet.changed': FleetAgent,
  'session.changed': SessionView,
  'session.traffic': TrafficEntry,
  'rotation.happened': RotationEntry,
  'audit.appended': AuditRecord,
} as const satisfies Record<string, z.ZodType>

export type Events = typeof events
export type EventName = keyof Events
export type EventOf<Name extends EventName> = z.output<Events[Name]>

export const eventNames = Object.keys(events) as EventName[]
