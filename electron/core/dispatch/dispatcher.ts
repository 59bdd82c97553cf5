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
    if (end === null) return this.#refuse(peer, name, tooManyCalls)
    const startedAt = this.#parts.clock.now()
    try {
      const admission = this.#admit(name, input)
      if ('code' in admission) return this.#refuse(peer, name, admission)
      return await this.#run(admission)
    } catch (error) {
      return this.#failed(peer, name, error)
    } finally {
      end()
      const milliseconds = this.#parts.clock.now() - startedAt
      if (milliseconds > slowCall)
        this.#parts.log.info('slow operation', { operation: abridged(name), milliseconds })
    }
  }

  /** Everything that is checked before a handler is asked, in the order in which it may be told to a stranger. */
  #admit(name: unknown, input: unknown): Admitted | Refused {
    if (typeof name !== 'string' || !isOperationName(name)) return unknownOperation
    const operation = operations[name]
    const plain = asJson(input)
    if ('code' in plain) return plain

    const caller = this.#parts.caller()
    if (operation.role !== 'anyone') {
      if (caller?.role == null) return notSignedIn
      if (!includes(caller.role, operation.role)) return notAllowed(caller.actor, caller.role, operation.role)
    }
    const parsed = operation.input.safeParse(plain.value)
    if (!parsed.success) {
      return invalid(describeInputProblem(parsed.error, plain.value))
    }
    return { name, input: parsed.data, caller: caller ?? nobody }
  }

  async #run({ name, input, caller }: Admitted): Promise<Reply> {
    // The schema of `name` has made the input, which is what its handler takes; TypeScript cannot tie the two together.
    const handler = this.#parts.handlers[name] as (input: unknown, caller: Caller) => unknown
    const answer = operations[name].output.safeParse(await handler(input, caller))
    if (answer.success) return { ok: true, value: answer.data }
    const issues = answer.error.issues.map((issue) => `${issue.path.map(String).join('.')} ${issue.code}`)
    throw new Error(`the answer does not fit the contract: ${issues.join(', ')}`)
  }

  /** Turned away at the door: said, logged, and told to the audit hook. */
  #refuse(peer: string, name: unknown, { code, message }: Refused): Failure {
    const failure = { ok: false, code, message, correlationId: correlationId() } as const
    const operation = abridged(name)
    this.#parts.log.info('call refused', { operation, peer, code, correlationId: failure.correlationId })
    try {
      this.#parts.audit?.({ peer, operation, code, actor: this.#parts.caller()?.actor ?? nobody.actor })
    } catch (error) {
      this.#parts.log.error('the refusal could not be recorded', errorFields(error))
    }
    return failure
  }

  /** A service's typed refusal goes out as it is. Of anything else the caller learns only how to find it in the log. */
  #failed(peer: string, name: unknown, error: unknown): Failure {
    const reference = correlationId()
    const fields = { operation: abridged(name), peer, correlationId: reference }
    if (error instanceof SecurityException) {
      this.#parts.log.info('operation refused', { ...fields, code: error.code })
      return { ok: false, code: error.code, message: error.message, correlationId: reference }
    }
    this.#parts.log.error('operation failed', { ...fields, ...errorFields(error) })
    return { ok: false, code: 'internal', message: ownFault, correlationId: reference }
  }
}

interface Admitted {
  readonly name: OperationName
  readonly input: unknown
  readonly caller: Caller
}

interface Refused {
  readonly code: ErrorCode
  readonly message: string
}

const tooManyCalls: Refused = {
  code: 'rate_limited',
  message: 'Too many calls in a short time. Wait a moment and try again.',
}
const unknownOperation: Refused = {
  code: 'unknown_operation',
  message:
    'This console knows no such operation. Screen and engine may be of different versions: restart both.',
}
const notSignedIn: Refused = {
  code: 'not_signed_in',
  message: 'Nobody is signed in. Sign in with the token’s PIN first.',
}
const notAllowed = (actor: string, held: Role, needed: Role): Refused => ({
  code: 'not_allowed',
  message: `This needs the role ${words(needed)}; ${actor} has the role ${words(held)}.`,
})
const invalid = (message: string): Refused => ({ code: 'invalid_input', message })

const ownFault =
  'The engine could not do this because of a fault of its own. The log has the details under this reference.'

/** A name that may be anything and any length, for the log and the audit hook. */
const abridged = (name: unknown): string =>
  typeof name === 'string' ? name.slice(0, 64) : `[${typeof name}]`

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
function asJson(input: unknown): { readonly value: unknown } | Refused {
  let text: string | undefined
  try {
    text = stringify(input)
  } catch {
    return invalid('The input is not JSON.')
  }
  if (text === undefined) return invalid('The input is missing: give an object, if need be an empty one.')
  if (Buffer.byteLength(text) > maxRequestBytes) {
    return invalid(`The input is larger than ${maxRequestBytes / 1024} KiB.`)
  }
  return { value: JSON.parse(text) }
}
