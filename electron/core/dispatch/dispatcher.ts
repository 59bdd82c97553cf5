import {
  isOperationName,
  type OperationName,
  operations,
  type OutputOf,
  type ParsedInputOf,
} from '#shared/contract/operations.ts'
import { maxRequestBytes } from '#shared/contract/transport.ts'
import type { ErrorCode, Failure, Reply } from '#shared/errors.ts'
import { Role } from '#shared/model/primitives.ts'
import type { Clock } from '../clock.ts'
import { correlationId } from '../crypto/random.ts'
import { SecurityException } from '../errors.ts'
import { errorFields, type Log } from '../log.ts'
import { type CallBudget, CallLimits } from './call-limits.ts'
import { describeInputProblem } from './input-problem.ts'

/** Who calls. `role` is null and `actor` is `console` while nobody is signed in. */
export interface Caller {
  readonly actor: string
  readonly role: Role | null
}

/** One handler for every operation of the contract; a missing one does not compile. */
export type Handlers = {
  readonly [Name in OperationName]: (
    input: ParsedInputOf<Name>,
    caller: Caller,
  ) => OutputOf<Name> | Promise<OutputOf<Name>>
}

/** A call that was turned away at the door, before any handler saw it. */
export interface Refusal {
  readonly peer: string
  /** The operation as it was asked for, at most 64 characters; not always one of the contract. */
  readonly operation: string
  readonly code: ErrorCode
  readonly actor: string
}

export interface DispatcherParts {
  readonly handlers: Handlers
  /** Null: nobody is signed in, or the console is locked. */
  readonly caller: () => Caller | null
  readonly clock: Clock
  readonly log: Log
  /** Told of every refusal. What it records is its own affair; it is asked to limit repeats. */
  readonly audit?: (refusal: Refusal) => void
  readonly budget?: CallBudget
}

/** A call that takes longer is named in the log, in milliseconds. */
const slowCall = 2000

const nobody: Caller = { actor: 'console', role: null }

/**
 * The one door to the engine. Every transport gives it a peer, a name and an unknown input; every answer is a value.
 * Order: own-property look-up, rate, size, session, role, schema, handler, schema.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #limits: CallLimits

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.#limits = new CallLimits(parts.clock, parts.budget)
  }

  /**
   * Runs one operation. Never rejects, whatever it is given.
   * @param peer which connection asks (a socket, a window); the rate limit counts by it.
   */
  async call(peer: string, name: string, input: unknown): Promise<Reply> {
    const end = this.#limits.begin(peer)
    if (end === null)
      return this.#refuse(
        peer,
        name,
        'rate_limited',
        'Too many calls in a short time. Wait a moment and try again.',
      )
    try {
      if (typeof name !== 'string' || !isOperationName(name)) {
        return this.#refuse(
          peer,
          name,
          'unknown_operation',
          'This console knows no such operation. Screen and engine may be of different versions: restart.',
        )
      }
      return await this.#run(peer, name, input)
    } finally {
      end()
    }
  }

  async #run<Name extends OperationName>(peer: string, name: Name, input: unknown): Promise<Reply> {
    const operation = operations[name]
    const plain = asJson(input)
    if (!plain.ok) return this.#refuse(peer, name, 'invalid_input', plain.problem)

    const caller = this.#parts.caller()
    if (operation.role !== 'anyone') {
      if (caller?.role == null)
        return this.#refuse(
          peer,
          name,
          'not_signed_in',
          'Nobody is signed in. Sign in with the token’s PIN first.',
        )
      if (!includes(caller.role, operation.role)) {
        return this.#refuse(
          peer,
          name,
          'not_allowed',
          `This needs the role ${words(operation.role)}; ${caller.actor} has the role ${words(caller.role)}.`,
        )
      }
    }

    const parsed = operation.input.safeParse(plain.value)
    if (!parsed.success) return this.#refuse(peer, name, 'invalid_input', describeInputProblem(parsed.error))

    const startedAt = this.#parts.clock.now()
    try {
      const output = await this.#parts.handlers[name](parsed.data as ParsedInputOf<Name>, caller ?? nobody)
      const checked = operation.output.safeParse(output)
      if (!checked.success) {
        const paths = checked.error.issues.map(
          (issue) => `${issue.path.map(String).join('.')}: ${issue.code}`,
        )
        return this.#internal(peer, name, {
          problem: 'the answer does not fit the contract',
          issues: paths.join(', '),
        })
      }
      return { ok: true, value: checked.data }
    } catch (error) {
      if (!(error instanceof SecurityException)) return this.#internal(peer, name, errorFields(error))
      const failure = fail(error.code, error.message)
      this.#parts.log.info('operation refused', {
        operation: name,
        peer,
        code: error.code,
        correlationId: failure.correlationId,
      })
      return failure
    } finally {
      const milliseconds = this.#parts.clock.now() - startedAt
      if (milliseconds > slowCall) this.#parts.log.info('slow operation', { operation: name, milliseconds })
    }
  }

  #refuse(peer: string, name: unknown, code: ErrorCode, message: string): Failure {
    const failure = fail(code, message)
    const operation = typeof name === 'string' ? name.slice(0, 64) : `[${typeof name}]`
    this.#parts.log.info('call refused', { operation, peer, code, correlationId: failure.correlationId })
    try {
      this.#parts.audit?.({ peer, operation, code, actor: this.#parts.caller()?.actor ?? nobody.actor })
    } catch (error) {
      this.#parts.log.error('the refusal could not be recorded', errorFields(error))
    }
    return failure
  }

  /** The caller learns that something broke and how to find it; what broke stays in the log. */
  #internal(peer: string, operation: OperationName, fields: Parameters<Log['error']>[1]): Failure {
    const failure = fail(
      'internal',
      'The engine could not do this because of a fault of its own. The log has the details under this reference.',
    )
    this.#parts.log.error('operation failed', {
      operation,
      peer,
      correlationId: failure.correlationId,
      ...fields,
    })
    return failure
  }
}

const fail = (code: ErrorCode, message: string): Failure => ({
  ok: false,
  code,
  message,
  correlationId: correlationId(),
})

/** auditor < operator < security_officer: a role includes those before it. */
const includes = (held: Role, needed: Role): boolean =>
  Role.options.indexOf(held) >= Role.options.indexOf(needed)

const words = (role: Role): string => role.replace('_', ' ')

/** TypeScript leaves out that nothing comes back for undefined, a function or a symbol. */
const stringify: (value: unknown) => string | undefined = JSON.stringify

/**
 * The input as JSON gives it back, so that a call means the same on every transport (structured clone would also let
 * a Map, a Date or a cycle through), and within the size limit.
 */
function asJson(input: unknown): { ok: true; value: unknown } | { ok: false; problem: string } {
  let text: string | undefined
  try {
    text = stringify(input)
  } catch {
    return { ok: false, problem: 'The input is not JSON.' }
  }
  if (text === undefined)
    return { ok: false, problem: 'The input is missing: give an object, if need be an empty one.' }
  if (Buffer.byteLength(text) > maxRequestBytes) {
    return { ok: false, problem: `The input is larger than ${maxRequestBytes / 1024} KiB.` }
  }
  return { ok: true, value: JSON.parse(text) }
}
