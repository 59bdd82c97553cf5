import { mkdirSync } from 'node:fs'
import type { OperationName } from '#shared/contract/operations.ts'
import type { ConsoleStatus } from '#shared/model/console.ts'
import { systemClock } from '#core/clock.ts'
import { Dispatcher, type Handlers } from '#core/dispatch/dispatcher.ts'
import { EventFeed } from '#core/dispatch/feed.ts'
import { PinError } from '#core/errors.ts'
import { silentLog } from '#core/log.ts'
import type { RunningEngine, startEngine } from '#core/start.ts'

const token = (triesLeft: number): NonNullable<ConsoleStatus['token']> => ({
  label: 'ops',
  serial: '0011223344556677',
  model: 'software',
  protection: 'software',
  triesLeft,
  pinLocked: false,
})

const initialStatus: ConsoleStatus = {
  phase: 'no_token',
  version: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  operator: null,
  token: null,
  hasAuthority: false,
  authorityExpiresAt: null,
  gateway: { state: 'stopped', host: '127.0.0.1', port: 7443, connectedAgents: 0, problem: null },
  audit: null,
  pendingRequests: 0,
  idleLockSeconds: 300,
}

/** The PIN the stand-in takes. */
export const standInPin = '246810'

export interface StandInEngine {
  readonly startEngine: typeof startEngine
  /** The folders it was started on. */
  readonly started: string[]
  stopped: boolean
  running: RunningEngine | null
}

/**
 * An engine for tests of what stands around it: the real dispatcher and feed over a few handlers that keep only the
 * console's status. It makes its data folder, and takes one PIN.
 */
export function standInEngine(phase: 'no_token' | 'signed_out' = 'no_token'): StandInEngine {
  let status: ConsoleStatus =
    phase === 'no_token' ? initialStatus : { ...initialStatus, phase, token: token(10) }
  const feed = new EventFeed({ signedIn: () => status.phase === 'signed_in', log: silentLog })
  const change = (next: Partial<ConsoleStatus>): ConsoleStatus => {
    status = { ...status, ...next }
    feed.publish('console.status', status)
    return status
  }
  const signedIn = { phase: 'signed_in', operator: { name: 'Ada', role: 'security_officer' } } as const
  const some: Partial<Handlers> = {
    'console.status': () => status,
    'token.create': () => change({ phase: 'signed_out', token: token(10) }),
    'access.signIn': ({ pin }) => {
      if (pin === standInPin) return change(signedIn)
      change({ token: token(9) })
      throw new PinError('pin_incorrect', 'The PIN is wrong. 9 tries are left.', 9)
    },
    'access.signOut': () => change({ phase: 'signed_out', operator: null }),
    'fleet.list': () => [],
  }
  const missing = (_target: Partial<Handlers>, name: string | symbol) => some[name as OperationName]
  const handlers = new Proxy(some, { get: missing }) as Handlers
  const caller = () =>
    status.operator === null ? null : { actor: status.operator.name, role: status.operator.role }
  const engine: StandInEngine = {
    started: [],
    stopped: false,
    running: null,
    startEngine(path) {
      mkdirSync(path, { recursive: true })
      engine.started.push(path)
      engine.running = {
        dispatcher: new Dispatcher({ handlers, caller, clock: systemClock, log: silentLog }),
        feed,
        stop() {
          engine.stopped = true
          return Promise.resolve()
        },
      }
      return Promise.resolve(engine.running)
    },
  }
  return engine
}
