import { z } from 'zod'
import { AgentId, Instant, OpaqueId, SecurityLevel } from './primitives.ts'

/** Why a received frame was refused. Each is its own case with its own remedy. */
export const RefusalVerdict = z.enum([
  'duplicate',
  'too_old',
  'too_far_ahead',
  'stale',
  'from_the_future',
  'bad_tag',
  'unknown_key_version',
  'unknown_session',
  'revoked_peer',
  'wrong_recipient',
  'malformed',
])
export type RefusalVerdict = z.infer<typeof RefusalVerdict>

/** What each verdict means to an operator, and what to do. */
export const refusalMeaning: Record<RefusalVerdict, { title: string; explanation: string }> = {
  duplicate: {
    title: 'Duplicate',
    explanation:
      'A message with this sequence number was already accepted: a replayed recording. Nothing was executed twice.',
  },
  too_old: {
    title: 'Behind the window',
    explanation: 'The sequence number is older than the replay window remembers. A late or replayed message.',
  },
  too_far_ahead: {
    title: 'Too far ahead',
    explanation:
      'The sequence number jumps further than the protocol allows. Check the sender for lost state.',
  },
  stale: {
    title: 'Stale',
    explanation:
      'The message is authentic, but was sealed longer ago than max_message_age allows: held back, or the clocks differ.',
  },
  from_the_future: {
    title: 'From the future',
    explanation: 'The message is dated ahead of this clock. Check the clocks of both sides.',
  },
  bad_tag: {
    title: 'Altered',
    explanation:
      'The authentication tag does not fit: the message was changed on the way, or sealed under another key.',
  },
  unknown_key_version: {
    title: 'Unknown key version',
    explanation: 'Sealed under a key version that is not, or no longer, in force.',
  },
  unknown_session: {
    title: 'Unknown session',
    explanation: 'No session with this identifier: it ended, or the message was recorded in an earlier one.',
  },
  revoked_peer: {
    title: 'Revoked peer',
    explanation: 'The sender’s certificate is revoked. Its messages are not read.',
  },
  wrong_recipient: { title: 'Wrong recipient', explanation: 'The message is addressed to another agent.' },
  malformed: { title: 'Malformed', explanation: 'The frame does not follow the protocol.' },
}

export const SessionState = z.enum(['active', 'rekeying', 'closed'])
export const RotationTrigger = z.enum(['timer', 'operator', 'limit', 'peer'])
export type RotationTrigger = z.infer<typeof RotationTrigger>

/** A secure session between two agents as its initiator or the console knows it. */
export const SessionView = z.strictObject({
  sessionId: OpaqueId,
  initiator: AgentId,
  responder: AgentId,
  state: SessionState,
  level: SecurityLevel,
  suite: z.string().max(100),
  perfectForwardSecrecy: z.boolean(),
  postQuantumSecure: z.boolean(),
  establishedAt: Instant,
  lastActivityAt: Instant,
  keyVersion: z.number().int().positive(),
  keyEstablishedAt: Instant,
  nextRotationAt: Instant.nullable(),
  /** Use of the current key version, both directions, against its limits. */
  messages: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  messageLimit: z.number().int().positive(),
  refused: z.partialRecord(RefusalVerdict, z.number().int().positive()),
  closedAt: Instant.nullable(),
  closeReason: z.string().max(500).nullable(),
})
export type SessionView = z.infer<typeof SessionView>

/** What the console knows of a message: its envelope, never the content of traffic between two other agents. */
export const TrafficEntry = z.strictObject({
  time: Instant,
  sessionId: OpaqueId,
  sender: AgentId,
  recipient: AgentId,
  messageType: z.string().max(64),
  priority: z.number().int().min(1).max(5),
  sequence: z.number().int().nonnegative(),
  keyVersion: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  /** Null: accepted. */
  verdict: RefusalVerdict.nullable(),
  /** Who accepted or refused it. */
  observer: AgentId,
})
export type TrafficEntry = z.infer<typeof TrafficEntry>

export const RotationEntry = z.strictObject({
  sessionId: OpaqueId,
  peers: z.tuple([AgentId, AgentId]),
  keyVersion: z.number().int().positive(),
  trigger: RotationTrigger,
  outcome: z.enum(['rotated', 'failed', 'skipped']),
  time: Instant,
  detail: z.string().max(500),
})
export type RotationEntry = z.infer<typeof RotationEntry>

export const RotationSchedule = z.strictObject({
  intervalSeconds: z.number().int().positive(),
  upcoming: z.array(
    z.strictObject({
      sessionId: OpaqueId,
      peers: z.tuple([AgentId, AgentId]),
      keyVersion: z.number().int().positive(),
      keyEstablishedAt: Instant,
      dueAt: Instant,
      state: z.enum(['scheduled', 'due', 'overdue', 'out_of_contact']),
    }),
  ),
  /** Newest first, at most 200. */
  history: z.array(RotationEntry),
})
export type RotationSchedule = z.infer<typeof RotationSchedule>
