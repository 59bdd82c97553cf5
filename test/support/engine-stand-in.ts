import { type OperationName, operationNames } from '#shared/contract/operations.ts'
import type { Role } from '#shared/model/primitives.ts'
import type { CallBudget } from '#core/dispatch/call-limits.ts'
import { type Caller, Dispatcher, type Handlers, type Refusal } from '#core/dispatch/dispatcher.ts'
import { EventFeed } from '#core/dispatch/feed.ts'
import { createLog } from '#core/log.ts'
import { FakeClock } from './clock.ts'
import { sampleOutputs } from './contract-samples.ts'

type AnyHandler = (input: unknown, caller: Caller) => unknown

/** The real dispatcher and feed over handlers that answer samples and remember what reached them. */
export class EngineStandIn {
  readonly clock = new FakeClock()
  readonly calls: { name: OperationName; input: unknown; caller: Caller }[] = []
  readonly refusals: Refusal[] = []
  readonly logLines: string[] = []
  readonly dispatcher: Dispatcher
  readonly feed: EventFeed
  readonly #overrides = new Map<OperationName, AnyHandler>()
  #caller: Caller | null = null

  constructor(budget?: CallBudget) {
    const log = createLog({ write: (line) => this.logLines.push(line) }, 'info', this.clock)
    const handlers = Object.fromEntries(operationNames.map((name) => [name, this.#handler(name)]))
    this.dispatcher = new Dispatcher({
      handlers: handlers as unknown as Handlers,
      caller: () => this.#caller,
      clock: this.clock,
      log,
      audit: (refusal) => this.refusals.push(refusal),
      ...(budget === undefined ? {} : { budget }),
    })
    this.feed = new EventFeed({ signedIn: () => this.#caller !== null, log })
  }

  signIn(role: Role): void {
    this.#caller = { actor: 'Mara', role }
  }

  signOut(): void {
    this.#caller = null
  }

  /** Lets `handler` answer instead of the sample. */
  answer(name: OperationName, handler: AnyHandler): void {
    this.#overrides.set(name, handler)
  }

  #handler(name: OperationName): AnyHandler {
    return (input, caller) => {
      this.calls.push({ name, input, caller })
      const override = this.#overrides.get(name)
      return override === undefined ? sampleOutputs[name] : override(input, caller)
    }
  }
}
