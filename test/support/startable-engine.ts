import { mkdirSync } from 'node:fs'
import type { ConsoleStatus } from '#shared/model/console.ts'
import { PinError } from '#core/errors.ts'
import type { startEngine } from '#core/start.ts'
import { EngineStandIn } from './engine-stand-in.ts'

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

/** The PIN it takes. */
export const standInPin = '246810'

export interface StartableEngine {
  readonly startEngine: typeof startEngine
  /** The folders it was started on. */
  readonly started: string[]
  stopped: boolean
}

/** The stand-in engine as a program starts it: it makes its data folder, keeps the console's status and takes one PIN. */
export function startableEngine(phase: 'no_token' | 'signed_out' = 'no_token'): StartableEngine {
  const engine = new EngineStandIn()
  let status: ConsoleStatus =
    phase === 'no_token' ? initialStatus : { ...initialStatus, phase, token: token(10) }
  const change = (next: Partial<ConsoleStatus>): ConsoleStatus => {
    status = { ...status, ...next }
    engine.feed.publish('console.status', status)
    return status
  }
  engine.answer('console.status', () => status)
  engine.answer('token.create', () => change({ phase: 'signed_out', token: token(10) }))
  engine.answer('access.signIn', (input) => {
    if ((input as { pin: string }).pin !== standInPin) {
      change({ token: token(9) })
      throw new PinError('pin_incorrect', 'The PIN is wrong. 9 tries are left.', 9)
    }
    engine.signIn('security_officer')
    return change({ phase: 'signed_in', operator: { name: 'Ada', role: 'security_officer' } })
  })
  engine.answer('fleet.list', () => [])

  const startable: StartableEngine = {
    started: [],
    stopped: false,
    startEngine(path) {
      mkdirSync(path, { recursive: true })
      startable.started.push(path)
      const stop = (): Promise<void> => {
        startable.stopped = true
        return Promise.resolve()
      }
      return Promise.resolve({ dispatcher: engine.dispatcher, feed: engine.feed, stop })
    },
  }
  return startable
}
