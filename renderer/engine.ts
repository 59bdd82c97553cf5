import { inject, type InjectionKey } from 'vue'
import type { TypedTransport, Unsubscribe } from '#shared/contract/transport.ts'

/** Whether the engine can be reached. Electron's bridge is always open; a socket comes and goes. */
export type ConnectionState = 'connecting' | 'open' | 'lost'

export interface Connection {
  readonly state: ConnectionState
  /** Calls the listener on every change, never for the state at the start. */
  onChange(listener: (state: ConnectionState) => void): Unsubscribe
}

/** What the screen knows of the engine: the contract, and whether it answers. */
export interface Engine {
  readonly transport: TypedTransport
  readonly connection: Connection
}

export const engineKey: InjectionKey<Engine> = Symbol('engine')

/** The engine that `main.ts` (or a test) provided to the application. Throws outside of one. */
export function useEngine(): Engine {
  const engine = inject(engineKey)
  if (!engine) throw new Error('The application has no engine: provide one under engineKey.')
  return engine
}
