import { z } from 'zod'
import { AuditFilter, AuditRecord } from '../model/audit.ts'
import { AuditVerification, ConsoleStatus, SettingsView } from '../model/console.ts'
import { AuthorityAlgorithm, AuthorityView, EnrolmentRequest, FleetAgent } from '../model/fleet.ts'
import { AgentId, OpaqueId, Reason, type Role } from '../model/primitives.ts'
import { RotationEntry, RotationSchedule, SessionView, TrafficEntry } from '../model/session.ts'

/** Who may call an operation. `anyone` needs no sign-in; roles include those before them (auditor < operator < officer). */
export type Access = 'anyone' | Role

interface Operation<Input extends z.ZodType, Output extends z.ZodType> {
  readonly role: Access
  readonly input: Input
  readonly output: Output
}

const operation = <Input extends z.ZodType, Output extends z.ZodType>(
  role: Access,
  input: Input,
  output: Output,
): Operation<Input, Output> => ({ role, input, output })

const nothing = z.strictObject({})
const done = z.strictObject({})

/** A PIN or SO-PIN as it is typed; the token's own rules apply on top. */
export const Pin = z.string().min(1).max(128)

/** Every operation of the console: what may be asked, by whom, and what is answered. */
export const operations = {
  'console.status': operation('anyone', nothing, ConsoleStatus),
  'console.settings': operation('auditor', nothing, SettingsView),

  'token.create': operation(
    'anyone',
    z.strictObject({
      label: z.string().trim().min(1).max(32),
      operator: z.string().trim().min(1).max(64),
      pin: Pin,
      soPin: Pin,
    }),
    ConsoleStatus,
  ),
  'token.changePin': operation('auditor', z.strictObject({ pin: Pin, newPin: Pin }), done),
  'token.unblock': operation('anyone', z.strictObject({ soPin: Pin, newPin: Pin }), ConsoleStatus),

  'access.signIn': operation('anyone', z.strictObject({ pin: Pin }), ConsoleStatus),
  'access.signOut': operation('auditor', nothing, ConsoleStatus),
  'access.lock': operation('auditor', nothing, ConsoleStatus),
  /** The operator is at the keyboard: puts the idle lock off. */
  'access.touch': operation('auditor', nothing, done),

  'authority.create': operation(
    'security_officer',
    z.strictObject({
      algorithm: AuthorityAlgorithm,
      commonName: z.string().trim().min(1).max(64),
      organization: z.string().trim().min(1).max(64),
      validYears: z.number().int().min(1).max(30),
    }),
    AuthorityView,
  ),
  'authority.read': operation('auditor', nothing, AuthorityView.nullable()),

  'enrolment.list': operation('auditor', nothing, z.array(EnrolmentRequest)),
  'enrolment.approve': operation('security_officer', z.strictObject({ id: OpaqueId }), FleetAgent),
  'enrolment.refuse': operation(
    'security_officer',
    z.strictObject({ id: OpaqueId, reason: Reason }),
    EnrolmentRequest,
  ),

  'fleet.list': operation('auditor', nothing, z.array(FleetAgent)),
  'fleet.declareCompromised': operation(
    'security_officer',
    /** `confirmation` is the agent's name, typed again. */
    z.strictObject({ agentId: AgentId, confirmation: z.string().max(63), reason: Reason }),
    FleetAgent,
  ),

  'session.list': operation('auditor', nothing, z.array(SessionView)),
  'session.traffic': operation('auditor', nothing, z.array(TrafficEntry)),
  'session.rotate': operation('operator', z.strictObject({ sessionId: OpaqueId }), RotationEntry),
  'session.rotateAll': operation('operator', nothing, z.array(RotationEntry)),

  'rotation.schedule': operation('auditor', nothing, RotationSchedule),

  'audit.list': operation(
    'auditor',
    /** Newest first; `before` is the lowest sequence already seen. */
    z.strictObject({
      before: z.number().int().positive().optional(),
      limit: z.number().int().min(1).max(500),
      filter: AuditFilter,
    }),
    z.strictObject({ records: z.array(AuditRecord), total: z.number().int().nonnegative() }),
  ),
  'audit.verify': operation('auditor', nothing, AuditVerification),
} as const satisfies Record<string, Operation<z.ZodType, z.ZodType>>

export type Operations = typeof operations
export type OperationName = keyof Operations
export type InputOf<Name extends OperationName> = z.input<Operations[Name]['input']>
export type ParsedInputOf<Name extends OperationName> = z.output<Operations[Name]['input']>
export type OutputOf<Name extends OperationName> = z.output<Operations[Name]['output']>

export const operationNames = Object.keys(operations) as OperationName[]

/** True only for the contract's own names, never for what an object inherits. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}
